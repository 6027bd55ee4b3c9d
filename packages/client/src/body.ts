import { parseChannelName, parseTopicName, type ChannelName, type TopicName } from '@tsq/protocol'
import { ArgumentError } from './errors.ts'

/**
 * What may be published: bytes as they are, text as UTF-8.
 *
 * @category Producer
 */
export type Body = Uint8Array | string

/**
 * The bytes to send. Bytes are borrowed: leave them alone until the publish has settled.
 *
 * @throws {ArgumentError} `ERR_BODY_TYPE`, `ERR_BODY_EMPTY` or `ERR_BODY_TOO_BIG`.
 */
export function bodyBytes(body: Body, maxBytes: number): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentError('ERR_BODY_TYPE', `body of type ${typeof body} is not bytes or text`)
  }
  if (bytes.length === 0) throw new ArgumentError('ERR_BODY_EMPTY', 'body is empty')
  if (bytes.length > maxBytes) {
    throw new ArgumentError('ERR_BODY_TOO_BIG', `body too big ${bytes.length} > ${maxBytes}`)
  }
  return bytes
}

/** @throws {ArgumentError} `ERR_TOPIC_NAME`. */
export function checkedTopic(name: string): TopicName {
  const topic = typeof name === 'string' ? parseTopicName(name) : undefined
  if (topic === undefined) {
    throw new ArgumentError('ERR_TOPIC_NAME', `topic name ${JSON.stringify(name)} is not valid`)
  }
  return topic
}

/** @throws {ArgumentError} `ERR_CHANNEL_NAME`. */
export function checkedChannel(name: string): ChannelName {
  const channel = typeof name === 'string' ? parseChannelName(name) : undefined
  if (channel === undefined) {
    throw new ArgumentError('ERR_CHANNEL_NAME', `channel name ${JSON.stringify(name)} is not valid`)
  }
  return channel
}
