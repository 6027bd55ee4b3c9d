import { type ApiOptions, Api, type Params } from './api.ts'
import { type Answer, gather, type Gathered, warningsOf } from './gather.ts'
import {
  compareText,
  httpAddressOf,
  inOrder,
  mergeNodes,
  type NodeInfo,
  ownInfoIn,
  registeredNodeIn,
} from './node-info.ts'
import { type Json, listIn, textsIn } from './shapes.ts'
import { topicNamesIn, topicStatsIn } from './stats-in.ts'
import type { TopicStats } from './stats.ts'
import { SourceError } from './upstream-error.ts'

export interface ClusterInfoOptions extends ApiOptions {
  /** `host:port` of every nsqlookupd. */
  readonly lookupds: readonly string[]
  /** `host:port` of every nsqd, for a cluster without nsqlookupd. Not looked at when there are lookupds. */
  readonly nsqds?: readonly string[]
  /** Milliseconds since 1970; tests put a clock of their own in its place. */
  readonly now?: () => number
}

/** Which statistics are wanted; everything unless narrowed. */
export interface StatsFilter {
  readonly topic?: string
  readonly channel?: string
  /** Clients too; left out unless asked for. */
  readonly clients?: boolean
}

/**
 * Asks the nsqlookupd and nsqd of a cluster over HTTP and makes one answer of what they say. A server that doesn't
 * answer, or answers something unusable, is named in a warning; when none answers, that is an {@link UpstreamError}.
 *
 * What it changes in the cluster stands in `cluster-writes.ts`.
 */
export class ClusterInfo {
  readonly api: Api
  readonly nsqds: readonly string[]
  readonly #now: () => number
  #lookupds: readonly string[]

  constructor(options: ClusterInfoOptions) {
    this.api = new Api(options)
    this.nsqds = options.nsqds ?? []
    this.#lookupds = options.lookupds
    this.#now = options.now ?? Date.now
  }

  /** Takes effect with the next question. */
  get lookupds(): readonly string[] {
    return this.#lookupds
  }

  set lookupds(addresses: readonly string[]) {
    this.#lookupds = addresses
  }

  /** Whether nodes are found by nsqlookupd. Otherwise only those given are known. */
  get hasLookupds(): boolean {
    return this.#lookupds.length > 0
  }

  /** The names of all topics, sorted. @throws {UpstreamError} */
  async topics(): Promise<Answer<string[]>> {
    const gathered = this.hasLookupds
      ? await this.#askLookupds('/topics', {}, (json) => textsIn(json, 'topics'))
      : await gather(this.nsqds, (address) => this.#topicNames(address))
    const warnings = warningsOf(this.hasLookupds ? 'nsqlookupd' : 'nsqd', gathered)
    return { value: namesOf(gathered), warnings }
  }

  /** The channels of a topic by nsqlookupd, those without a node too, sorted. @throws {UpstreamError} */
  async channels(topic: string): Promise<Answer<string[]>> {
    const gathered = await this.#askLookupds('/channels', { topic }, (json) =>
      textsIn(json, 'channels'),
    )
    return { value: namesOf(gathered), warnings: warningsOf('nsqlookupd', gathered) }
  }

  /**
   * The nodes that have a topic.
   *
   * @throws {UpstreamError} with `isNotFound` when every nsqlookupd says that there is no such topic.
   */
  async topicNodes(topic: string): Promise<Answer<NodeInfo[]>> {
    return this.hasLookupds ? this.#lookUp(topic) : this.#findAmongNsqds(topic)
  }

  /** Every node of the cluster. @throws {UpstreamError} */
  async nodes(): Promise<Answer<NodeInfo[]>> {
    if (!this.hasLookupds) {
      const gathered = await gather(this.nsqds, async (address) => {
        const [info, topics] = await Promise.all([
          this.api.get(address, '/info', {}, (json) => json),
          this.#topicNames(address),
        ])
        return ownInfo(address, info, topics)
      })
      return { value: inOrder(valuesOf(gathered)), warnings: warningsOf('nsqd', gathered) }
    }
    const gathered = await this.#askLookupds('/nodes', {}, (json, address) =>
      listIn(json, 'producers').map((node) => registeredNodeIn(node, address)),
    )
    return { value: mergeNodes(valuesOf(gathered)), warnings: warningsOf('nsqlookupd', gathered) }
  }

  /**
   * What nodes say of their topics: of each node by itself, in the order of the nodes.
   *
   * @throws {UpstreamError} also when there are no nodes.
   */
  async stats(nodes: readonly NodeInfo[], filter: StatsFilter = {}): Promise<Answer<TopicStats[]>> {
    const { value, warnings } = await this.askForStats(nodes, filter, (json, node) =>
      topicStatsIn(json, node, this.#now()),
    )
    return { value: value.flat(), warnings }
  }

  /**
   * As `stats`, for who needs less of them.
   *
   * @param read makes of a node's answer what is wanted; it may throw a `ShapeError`.
   */
  async askForStats<T>(
    nodes: readonly NodeInfo[],
    filter: StatsFilter,
    read: (json: Json, node: NodeInfo) => T,
  ): Promise<Answer<T[]>> {
    const params = statsParams(filter)
    const gathered = await gather(nodes, (node) =>
      this.api.get(httpAddressOf(node), '/stats', params, (json) => read(json, node)),
    )
    return { value: valuesOf(gathered), warnings: warningsOf('nsqd', gathered) }
  }

  /** Drops every connection. */
  close(): void {
    this.api.close()
  }

  async #lookUp(topic: string): Promise<Answer<NodeInfo[]>> {
    const gathered = await this.#askLookupds('/lookup', { topic }, (json, address) =>
      listIn(json, 'producers').map((node) => registeredNodeIn(node, address)),
    )
    // They never tell each other, so it is normal that some don't know a topic.
    const isKnown = gathered.answers.length > 0
    const errors = gathered.errors.filter(({ status }) => !(isKnown && status === 404))
    const warnings = warningsOf('nsqlookupd', { ...gathered, errors })
    const byAddress = new Map<string, NodeInfo>()
    for (const node of valuesOf(gathered).flat()) {
      const address = httpAddressOf(node)
      if (!byAddress.has(address)) byAddress.set(address, node)
    }
    return { value: inOrder([...byAddress.values()]), warnings }
  }

  async #findAmongNsqds(topic: string): Promise<Answer<NodeInfo[]>> {
    const params = statsParams({ topic })
    const gathered = await gather(this.nsqds, async (address) => {
      const names = await this.api.get(address, '/stats', params, topicNamesIn)
      if (!names.includes(topic)) return []
      return [ownInfo(address, await this.api.get(address, '/info', {}, (json) => json), [topic])]
    })
    const nodes = inOrder(valuesOf(gathered).flat())
    return { value: nodes, warnings: warningsOf('nsqd', gathered) }
  }

  #topicNames(address: string): Promise<string[]> {
    return this.api.get(address, '/stats', statsParams({}), topicNamesIn)
  }

  #askLookupds<T>(
    path: string,
    params: Params,
    read: (json: Json, address: string) => T,
  ): Promise<Gathered<string, T>> {
    return gather(this.#lookupds, (address) =>
      this.api.get(address, path, params, (json) => read(json, address)),
    )
  }
}

function statsParams({ topic, channel, clients = false }: StatsFilter): Params {
  return {
    format: 'json',
    ...(topic === undefined ? {} : { topic }),
    ...(channel === undefined ? {} : { channel }),
    ...(clients ? {} : { include_clients: 'false' }),
  }
}

function ownInfo(address: string, info: Json, topics: readonly string[]): NodeInfo {
  try {
    return ownInfoIn(info, topics)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SourceError(
      `Get "http://${address}/info": unusable answer: ${reason}`,
      address,
      200,
      error,
    )
  }
}

function valuesOf<T>({ answers }: Gathered<unknown, T>): T[] {
  return answers.map(({ value }) => value)
}

function namesOf(gathered: Gathered<unknown, readonly string[]>): string[] {
  return [...new Set(valuesOf(gathered).flat())].toSorted(compareText)
}
