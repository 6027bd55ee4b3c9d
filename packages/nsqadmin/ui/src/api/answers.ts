// What the reference's part of the API answers. A list that is empty may come as null.

import type { ChannelStats, NodeInfo, TopicStats } from '@tsq/clusterinfo'

interface WithMessage {
  /** Empty, or a warning: some nodes did not answer. */
  readonly message: string
}

export type TopicAnswer = TopicStats & WithMessage
export type ChannelAnswer = ChannelStats & WithMessage

export interface NodesAnswer extends WithMessage {
  readonly nodes: readonly NodeInfo[] | null
}

export interface NodeAnswer extends WithMessage {
  readonly node: string
  readonly topics: readonly TopicStats[] | null
  readonly total_messages: number
  readonly total_clients: number
}

export interface CounterAnswer extends WithMessage {
  readonly stats: Readonly<Record<string, { readonly message_count: number }>>
}

/** Topics without a producer, and their channels. */
export interface InactiveAnswer extends WithMessage {
  readonly topics: Readonly<Record<string, readonly string[] | null>>
}
