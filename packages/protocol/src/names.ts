declare const brand: unique symbol

/** A topic's name, checked: made only by {@link parseTopicName}. */
export type TopicName = string & { readonly [brand]: 'TopicName' }
/** A channel's name, checked: made only by {@link parseChannelName}. */
export type ChannelName = string & { readonly [brand]: 'ChannelName' }

/** Longest name in bytes, the `#ephemeral` suffix included. */
export const MAX_NAME_BYTES = 64
export const EPHEMERAL_SUFFIX = '#ephemeral'

const NAME = /^[.a-zA-Z0-9_-]+(#ephemeral)?$/

/**
 * Whether `text` may name a topic or a channel.
 * Source: NSQ protocol, "topic and channel names".
 */
export function isValidName(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME_BYTES && NAME.test(text)
}

/** The name, or undefined where `text` is none. */
export function parseTopicName(text: string): TopicName | undefined {
  return isValidName(text) ? (text as TopicName) : undefined
}

/** The name, or undefined where `text` is none. */
export function parseChannelName(text: string): ChannelName | undefined {
  return isValidName(text) ? (text as ChannelName) : undefined
}

/** Whether what bears this name lives in memory only and goes with its last user. */
export function isEphemeralName(name: string): boolean {
  return name.endsWith(EPHEMERAL_SUFFIX)
}
