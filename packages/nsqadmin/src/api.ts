// What nsqadmin's server and its page say to each other beyond the reference's API (docs/reference/nsqadmin-api.md).
//
// Types only: the page imports this file without bringing any server code along. Names on the wire are
// snake_case, as everywhere in NSQ's JSON; times are milliseconds since 1970, rates are per second.

/** What somebody may do. Each role may do what those before it may. */
export type Role = 'viewer' | 'operator' | 'admin'

/** `GET /api/session`: who asks, and what this nsqadmin can do. */
export interface Session {
  /** Empty for somebody who is not named. */
  readonly user: string
  /** `undefined` until somebody logs in, where a login is needed. */
  readonly role?: Role
  /** How people are told apart: not at all, by the header a proxy sets, or by a login of our own. */
  readonly mode: 'open' | 'header' | 'login'
  /** The whole nsqadmin only shows; no action is taken for anybody. */
  readonly read_only: boolean
  /** Sent back in the header `X-CSRF-Token` with every POST, PUT and DELETE. */
  readonly csrf_token: string
  readonly version: string
  readonly lookupds: readonly string[]
  readonly nsqds: readonly string[]
  /** Whether graphite is set up; the page then offers its graphs too. */
  readonly graphite: boolean
}

export interface Rates {
  readonly publish: number
  readonly deliver: number
  readonly finish: number
  readonly requeue: number
  readonly timeout: number
}

/** A topic in the list of topics: all nodes together. */
export interface TopicSummary {
  readonly topic: string
  /** Of the topic itself and of its fullest channel, whichever is more: what an operator waits for. */
  readonly depth: number
  readonly backend_depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly message_count: number
  readonly channel_count: number
  readonly client_count: number
  readonly node_count: number
  readonly paused: boolean
  readonly rates: Rates
  /** Depth over the last minutes, oldest first, at most 30 points. */
  readonly spark: readonly number[]
}

/** `GET /api/summary/topics`, from the last sample: costs the nodes nothing. */
export interface TopicSummaries {
  readonly topics: readonly TopicSummary[]
  readonly sampled_at: number
  readonly message: string
}

/** A node that the last sample could not read. */
export interface NodeProblem {
  /** `broadcast_address:http_port`, or a nsqlookupd's address. */
  readonly node: string
  readonly kind: 'nsqd' | 'nsqlookupd'
  readonly error: string
  readonly since: number
}

export interface Warning {
  readonly level: 'warning' | 'error'
  readonly text: string
  /** Where to look, as a path of the page. */
  readonly link?: string
}

/** `GET /api/overview` */
export interface Overview {
  readonly depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly message_count: number
  readonly topic_count: number
  readonly channel_count: number
  readonly client_count: number
  readonly node_count: number
  readonly rates: Rates
  readonly top_topics: readonly TopicSummary[]
  readonly problems: readonly NodeProblem[]
  readonly warnings: readonly Warning[]
  readonly sampled_at: number
  readonly message: string
}

/** One series of a chart: a value a step; null where there was no sample. */
export type Series = readonly (number | null)[]

/**
 * `GET /api/history?range=1h|24h[&topic=][&channel=][&node=]`: of the cluster, a topic, a channel or a node.
 * One hour has a point each 5 s, a day one a minute.
 */
export interface History {
  readonly start: number
  readonly step: number
  readonly depth: Series
  readonly in_flight: Series
  readonly deferred: Series
  readonly publish: Series
  readonly deliver: Series
  readonly finish: Series
  readonly requeue: Series
  readonly timeout: Series
  /** Latency percentiles in milliseconds by quantile (`"0.99"`); empty when nsqd does not measure them. */
  readonly latency: Readonly<Record<string, Series>>
  readonly message: string
}

/** What an action did on one node. */
export interface NodeResult {
  readonly node: string
  readonly ok: boolean
  readonly error?: string
}

/** The answer to every action: `message` as the reference has it, and what happened where. */
export interface ActionResult {
  readonly message: string
  readonly results: readonly NodeResult[]
}

/** `POST /api/bulk`. Deleting needs the role that deleting one needs. */
export interface BulkRequest {
  readonly action: 'pause' | 'unpause' | 'empty' | 'delete'
  /** Whole topics, or channels of them. At most 1,000. */
  readonly targets: readonly { readonly topic: string; readonly channel?: string }[]
}

export interface BulkResult {
  readonly message: string
  readonly targets: readonly (ActionResult & {
    readonly topic: string
    readonly channel?: string
  })[]
}

/** `POST /api/publish`. Either `body` (UTF-8) or `body_base64`. */
export interface PublishRequest {
  readonly topic: string
  /** `broadcast_address:http_port`; any node that has the topic, or any at all, when left out. */
  readonly node?: string
  readonly body?: string
  readonly body_base64?: string
  readonly defer_ms?: number
}

export type MessageState = 'waiting' | 'in_flight' | 'deferred'

/** A message seen without being taken. */
export interface PeekedMessage {
  readonly node: string
  readonly id: string
  /** When it was published; nanoseconds as text, because a number can't hold them. */
  readonly timestamp_ns: string
  readonly attempts: number
  readonly state: MessageState
  /** When a deferred one comes due, or one in flight times out. */
  readonly due?: number
  /** Who holds one that is in flight. */
  readonly client?: string
  readonly body_base64: string
  readonly body_bytes: number
  /** Whether `body_base64` is only the beginning. */
  readonly truncated: boolean
}

/** `GET /api/peek?topic=&channel=[&node=][&state=][&limit=]` */
export interface PeekResult {
  readonly messages: readonly PeekedMessage[]
  /** Nodes that have no peek, such as nsqd 1.3.0. */
  readonly unsupported: readonly string[]
  readonly message: string
}

/** `GET /api/tail?topic=[&filter=][&rate=]`: server-sent events `message` (this), `skipped` (`{count}`), and `problem` (`{message}`). */
export interface TailedMessage {
  readonly node: string
  readonly id: string
  readonly timestamp_ns: string
  readonly attempts: number
  readonly body_base64: string
  readonly body_bytes: number
  readonly truncated: boolean
}

/** `GET /api/audit`, newest first. */
export interface AuditEntry {
  readonly time: number
  readonly user: string
  readonly remote: string
  readonly action: string
  readonly topic?: string
  readonly channel?: string
  readonly node?: string
  readonly ok: boolean
  readonly message: string
}

export interface AuditLog {
  readonly entries: readonly AuditEntry[]
  readonly message: string
}

/** `GET /api/events`: server-sent events. `sample` says that a new sample is there to be asked for. */
export interface SampleEvent {
  readonly sampled_at: number
}

/** Every failure. */
export interface ApiError {
  readonly message: string
}
