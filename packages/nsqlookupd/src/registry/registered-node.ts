import { goJson } from '@tsq/daemon'

import type { TopicRecord } from './topic-record.ts'

/** What a nsqd said of itself in IDENTIFY, and where it connected from. */
export interface NodeIdentity {
  /** The socket's `ip:port`. */
  readonly remoteAddress: string
  readonly hostname: string
  readonly broadcastAddress: string
  readonly tcpPort: number
  readonly httpPort: number
  readonly version: string
  readonly topologyZone: string
  readonly topologyRegion: string
}

const LEAST_SWEPT = 32

/** A nsqd known to nsqlookupd: one identified connection. Two connections of one nsqd are two of these. */
export class RegisteredNode {
  readonly identity: NodeIdentity
  /** Every topic it is registered under, and some it was: see `remember`. */
  #topics: TopicRecord[] = []
  /** How many topics it is registered under. */
  topicCount = 0
  /** Topics and channels it is registered under. */
  registrations = 0
  /** When it last sent IDENTIFY or PING, by the registry's clock. */
  lastUpdate: number
  /**
   * Its fields as `/lookup` and `/nodes` show them, without the braces. They never change, and `/lookup` is asked all
   * the time (bench/lookup.ts).
   */
  readonly jsonFields: string

  constructor(identity: NodeIdentity, now: number) {
    this.identity = identity
    this.lastUpdate = now
    this.jsonFields = goJson({
      remote_address: identity.remoteAddress,
      hostname: identity.hostname,
      broadcast_address: identity.broadcastAddress,
      tcp_port: identity.tcpPort,
      http_port: identity.httpPort,
      version: identity.version,
      topology_zone: identity.topologyZone,
      topology_region: identity.topologyRegion,
    }).slice(1, -1)
  }

  /**
   * Notes a topic it carries now. What it carries no more is left in the list, which is only read when the node goes, and
   * is swept out when it makes up half of the list: to find it each time would take as long as the list is.
   */
  remember(topic: TopicRecord): void {
    this.#topics.push(topic)
    this.topicCount += 1
    if (this.#topics.length < 2 * this.topicCount + LEAST_SWEPT) return
    this.#topics = this.topics()
  }

  /** Every topic it is registered under; each of its channels is a channel of one of them. */
  topics(): TopicRecord[] {
    return [...new Set(this.#topics)].filter((topic) => topic.nodes.has(this))
  }

  /** Whether `address`, as in `/topic/tombstone`, is its `broadcast_address:http_port`, with brackets or without. */
  hasHttpAddress(address: string): boolean {
    const { broadcastAddress, httpPort } = this.identity
    const host = broadcastAddress.replace(/^\[(.*)\]$/, '$1')
    return address === `${host}:${httpPort}` || address === `[${host}]:${httpPort}`
  }
}
