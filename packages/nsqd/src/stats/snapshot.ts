import type { LogTopic } from '../log-topic.ts'
import type { Session } from '../tcp/session.ts'
import { latencySnapshot, type LatencySnapshot } from './latency.ts'
import { memoryStats } from './memory.ts'

/** What `/stats` is asked to leave out. */
export interface StatsFilter {
  /** Only this topic, or all. */
  readonly topic: string | undefined
  /** Only channels of this name. */
  readonly channel: string | undefined
  readonly includeClients: boolean
  readonly includeMemory: boolean
}

/** What statistics are made from. */
export interface StatsSource {
  readonly version: string
  readonly health: string
  /** Unix seconds. */
  readonly startTime: number
  readonly topics: readonly LogTopic[]
  /** Of which end-to-end latencies are told. */
  readonly percentiles: readonly number[]
  readonly sessions: Iterable<Session>
}

const SUBSCRIBED_STATES = { init: 0, subscribed: 3, closing: 4 } as const

/** `/stats?format=json`, its keys in nsqd's order. */
export function statsSnapshot(source: StatsSource, filter: StatsFilter): StatsSnapshot {
  const { version, health, startTime } = source
  const chosen =
    filter.topic === undefined
      ? source.topics
      : source.topics.filter((topic) => topic.name === filter.topic)
  const isUnknown = filter.topic !== undefined && chosen.length === 0
  const topics: TopicSnapshot[] = []
  for (const topic of chosen) {
    const snapshot = topicSnapshot(topic, source, filter)
    if (snapshot !== undefined) topics.push(snapshot)
  }
  return {
    version,
    health,
    start_time: startTime,
    topics: isUnknown ? null : topics,
    ...(filter.includeMemory ? { memory: memoryStats() } : {}),
    producers: filter.includeClients && !isUnknown ? producers(source.sessions, filter) : null,
  }
}

function topicSnapshot(
  topic: LogTopic,
  { sessions, percentiles }: StatsSource,
  filter: StatsFilter,
): TopicSnapshot | undefined {
  const named = [...topic.channels.values()]
    .filter((channel) => filter.channel === undefined || channel.name === filter.channel)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (filter.channel !== undefined && named.length === 0) return undefined
  const stats = topic.stats()
  return {
    topic_name: topic.name,
    channels: named.map((channel) => {
      const counts = channel.stats()
      const clients: ClientSnapshot[] = []
      if (filter.includeClients) {
        for (const session of sessions) {
          if (session.channel === channel) clients.push(clientSnapshot(session, filter.topic))
        }
      }
      return {
        channel_name: channel.name,
        depth: counts.depth,
        backend_depth: counts.backendDepth,
        in_flight_count: counts.inFlightCount,
        deferred_count: counts.deferredCount,
        message_count: counts.messageCount,
        ...(counts.zoneLocalCount > 0 ? { zone_local_msg_count: counts.zoneLocalCount } : {}),
        ...(counts.regionLocalCount > 0 ? { region_local_msg_count: counts.regionLocalCount } : {}),
        ...(counts.globalCount > 0 ? { global_msg_count: counts.globalCount } : {}),
        requeue_count: counts.requeueCount,
        timeout_count: counts.timeoutCount,
        client_count: channel.subscribers.length,
        clients: filter.includeClients ? clients : null,
        paused: channel.isPaused,
        e2e_processing_latency: latencySnapshot([channel], percentiles),
      }
    }),
    depth: stats.depth,
    backend_depth: stats.backendDepth,
    message_count: stats.messageCount,
    message_bytes: stats.messageBytes,
    paused: topic.isPaused,
    e2e_processing_latency: latencySnapshot(topic.channels.values(), percentiles),
  }
}

function producers(sessions: Iterable<Session>, filter: StatsFilter): ClientSnapshot[] | null {
  const found: ClientSnapshot[] = []
  for (const session of sessions) {
    if (session.publishings.counts.length > 0) found.push(clientSnapshot(session, filter.topic))
  }
  return found.length === 0 ? null : found
}

function clientSnapshot(session: Session, topic: string | undefined): ClientSnapshot {
  const { identity } = session
  const { tls, compression } = session.layers
  const counts = session.publishings.counts
    .filter(([name]) => topic === undefined || name === topic)
    .map(([name, count]) => ({ topic: name, count }))
  return {
    client_id: identity.clientId,
    hostname: identity.hostname,
    version: 'V2',
    remote_address: session.remoteAddress,
    state: SUBSCRIBED_STATES[session.state],
    ready_count: session.readyCount,
    in_flight_count: session.inFlight,
    message_count: session.messageCount,
    finish_count: session.finishCount,
    requeue_count: session.requeueCount,
    connect_ts: Math.floor(session.connectedAtMs / 1000),
    sample_rate: identity.sampleRate,
    deflate: compression === 'deflate',
    snappy: compression === 'snappy',
    user_agent: identity.userAgent,
    ...authSnapshot(session),
    topology_zone: identity.topologyZone,
    topology_region: identity.topologyRegion,
    ...(counts.length > 0 ? { pub_counts: counts } : {}),
    tls: tls !== undefined,
    tls_cipher_suite: tls?.cipherSuite ?? '',
    tls_version: tls?.version ?? '',
    tls_negotiated_protocol: '',
    tls_negotiated_protocol_is_mutual: tls !== undefined,
  }
}

/** Only what is not empty. */
function authSnapshot({ auth }: Session): Partial<AuthSnapshot> {
  const grant = auth?.grant
  if (grant === undefined) return {}
  const { identity, identityUrl } = grant
  return {
    authed: true,
    ...(identity === '' ? {} : { auth_identity: identity }),
    ...(identityUrl === '' ? {} : { auth_identity_url: identityUrl }),
  }
}

interface AuthSnapshot {
  readonly authed: true
  readonly auth_identity: string
  readonly auth_identity_url: string
}

export interface StatsSnapshot {
  readonly version: string
  readonly health: string
  readonly start_time: number
  readonly topics: readonly TopicSnapshot[] | null
  readonly memory?: ReturnType<typeof memoryStats>
  readonly producers: readonly ClientSnapshot[] | null
}

export interface TopicSnapshot {
  readonly topic_name: string
  readonly channels: readonly ChannelSnapshot[]
  readonly depth: number
  readonly backend_depth: number
  readonly message_count: number
  readonly message_bytes: number
  readonly paused: boolean
  readonly e2e_processing_latency: LatencySnapshot
}

export interface ChannelSnapshot {
  readonly channel_name: string
  readonly depth: number
  readonly backend_depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly message_count: number
  readonly zone_local_msg_count?: number
  readonly region_local_msg_count?: number
  readonly global_msg_count?: number
  readonly requeue_count: number
  readonly timeout_count: number
  readonly client_count: number
  readonly clients: readonly ClientSnapshot[] | null
  readonly paused: boolean
  readonly e2e_processing_latency: LatencySnapshot
}

export interface ClientSnapshot extends Partial<AuthSnapshot> {
  readonly client_id: string
  readonly hostname: string
  readonly version: string
  readonly remote_address: string
  readonly state: number
  readonly ready_count: number
  readonly in_flight_count: number
  readonly message_count: number
  readonly finish_count: number
  readonly requeue_count: number
  /** Unix seconds. */
  readonly connect_ts: number
  readonly sample_rate: number
  readonly deflate: boolean
  readonly snappy: boolean
  readonly user_agent: string
  readonly topology_zone: string
  readonly topology_region: string
  readonly pub_counts?: readonly { readonly topic: string; readonly count: number }[]
  readonly tls: boolean
  readonly tls_cipher_suite: string
  readonly tls_version: string
  readonly tls_negotiated_protocol: string
  readonly tls_negotiated_protocol_is_mutual: boolean
}
