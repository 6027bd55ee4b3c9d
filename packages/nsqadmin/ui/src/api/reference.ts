// The shapes of the reference's API, as nsqadmin 1.3.0 answers. A list that is empty may come as null.

export interface LatencyPercentile {
  readonly quantile: number
  /** Nanoseconds. */
  readonly min: number
  readonly max: number
  readonly average: number
  readonly count: number
}

export interface Latency {
  readonly count: number
  readonly percentiles: readonly LatencyPercentile[] | null
}

export interface ClientStats {
  readonly node: string
  readonly remote_address: string
  readonly client_id: string
  readonly hostname: string
  readonly user_agent: string
  /** Nanoseconds. */
  readonly connected: number
  readonly in_flight_count: number
  readonly ready_count: number
  readonly finish_count: number
  readonly requeue_count: number
  readonly message_count: number
  readonly sample_rate: number
  readonly deflate: boolean
  readonly snappy: boolean
  readonly authed: boolean
  readonly auth_identity: string
  readonly auth_identity_url: string
  readonly node_topology_region?: string
  readonly node_topology_zone?: string
  readonly topology_region?: string
  readonly topology_zone?: string
  readonly tls: boolean
  readonly tls_cipher_suite: string
  readonly tls_version: string
  readonly tls_negotiated_protocol: string
  readonly tls_negotiated_protocol_is_mutual: boolean
}

/** What topics and channels are both counted by. */
export interface QueueStats {
  /** `*` for all nodes together. */
  readonly node: string
  readonly hostname: string
  readonly topic_name: string
  readonly depth: number
  readonly memory_depth: number
  readonly backend_depth: number
  readonly message_count: number
  readonly paused: boolean
  readonly e2e_processing_latency?: Latency | null
}

export interface ChannelStats extends QueueStats {
  readonly channel_name: string
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly requeue_count: number
  readonly timeout_count: number
  readonly client_count: number
  readonly zone_local_msg_count?: number
  readonly region_local_msg_count?: number
  readonly global_msg_count?: number
  readonly nodes: readonly ChannelStats[] | null
  readonly clients: readonly ClientStats[] | null
}

export interface TopicStats extends QueueStats {
  readonly nodes: readonly TopicStats[] | null
  readonly channels: readonly ChannelStats[] | null
}

interface WithMessage {
  /** Empty, or a warning: some nodes did not answer. */
  readonly message: string
}

export type TopicAnswer = TopicStats & WithMessage
export type ChannelAnswer = ChannelStats & WithMessage

export interface NodeInfo {
  readonly remote_addresses: readonly string[] | null
  readonly hostname: string
  readonly broadcast_address: string
  readonly tcp_port: number
  readonly http_port: number
  readonly version: string
  readonly topology_zone?: string
  readonly topology_region?: string
  readonly topics: readonly { readonly topic: string; readonly tombstoned: boolean }[] | null
  readonly out_of_date: boolean
}

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
