// What nsqd says of its topics, channels and clients, with the names nsqadmin gives its JSON.

import type { Latency } from './latency.ts'

/** How many messages went how far: to the zone, the region, anywhere. Absent where none did. */
export interface DeliveryCounts {
  readonly delivery_msg_count?: number
  readonly zone_local_msg_count?: number
  readonly region_local_msg_count?: number
  readonly global_msg_count?: number
}

/** One consumer's connection. */
export interface ClientStats {
  readonly node: string
  readonly remote_address: string
  readonly version: string
  readonly client_id: string
  readonly hostname: string
  readonly user_agent: string
  /** Seconds since 1970. */
  readonly connect_ts: number
  /** For how long, in nanoseconds. */
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

/** A channel on one node, or merged over several: then `node` is `*` and `nodes` says what each has. */
export interface ChannelStats extends DeliveryCounts {
  readonly node: string
  readonly hostname: string
  readonly topic_name: string
  readonly channel_name: string
  readonly depth: number
  readonly memory_depth: number
  readonly backend_depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly requeue_count: number
  readonly timeout_count: number
  readonly message_count: number
  readonly client_count: number
  readonly nodes: readonly ChannelStats[] | null
  /** Null where clients weren't asked for. */
  readonly clients: readonly ClientStats[] | null
  readonly paused: boolean
  readonly e2e_processing_latency: Latency
}

/** A topic on one node, or merged over several: then `node` is `*` and `nodes` says what each has. */
export interface TopicStats {
  readonly node: string
  readonly hostname: string
  readonly topic_name: string
  readonly depth: number
  readonly memory_depth: number
  readonly backend_depth: number
  readonly message_count: number
  readonly nodes: readonly TopicStats[] | null
  readonly channels: readonly ChannelStats[] | null
  readonly paused: boolean
  readonly e2e_processing_latency: Latency | null
}
