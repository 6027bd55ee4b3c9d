// Asks every node for its statistics from time to time, once for all who look on.

import { EventEmitter } from 'node:events'

import {
  type ClusterInfo,
  gather,
  httpAddressOf,
  type NodeInfo,
  SourceError,
  UpstreamError,
} from '@tsq/clusterinfo'
import type { Logger } from '@tsq/daemon'

import type { NodeProblem } from '../api.ts'
import type { History, Subject } from '../history/history.ts'
import { ClusterState } from './cluster-state.ts'
import { NodeTopics } from './node-answer.ts'

/** Answers are big on a big cluster; so many are in memory at a time. */
const NODES_AT_A_TIME = 8
/** How often nsqlookupd are asked for nodes and topics. */
const DISCOVERY_MS = 30_000
/** After an action its effect is looked at this soon. */
const SOON_MS = 100
/** A node that does not answer is asked less and less often, so that it does not make every sample late. */
const MAX_PATIENCE_MS = 60_000

/** A node from sample to sample. */
export interface SampledNode {
  readonly info: NodeInfo
  readonly address: string
  readonly topics: NodeTopics
}

interface Failing {
  readonly since: number
  readonly error: string
  readonly failures: number
  readonly retryAt: number
}

interface SamplerEvents {
  /** A sample is there; its time in milliseconds since 1970. */
  sample: [sampledAt: number]
}

export interface SamplerOptions {
  readonly cluster: ClusterInfo
  readonly history: History
  readonly intervalMs: number
  readonly logger: Logger
}

export class Sampler extends EventEmitter<SamplerEvents> {
  readonly state = new ClusterState()
  readonly #options: SamplerOptions
  #nodes: readonly SampledNode[] = []
  /** Topics that nsqlookupd know, with or without nodes. */
  #registered: readonly string[] = []
  readonly #failing = new Map<string, Failing>()
  #lookupProblems: readonly NodeProblem[] = []
  #discoveredAt = Number.NEGATIVE_INFINITY
  #sampledAt = 0
  /** When rates were last measured. */
  #countedAt = 0
  #tookMs = 0
  #timer: NodeJS.Timeout | undefined
  #sampling: Promise<void> | undefined
  #endedAt = Number.NEGATIVE_INFINITY
  /** Somebody waits for the next one. */
  #isHurried = false
  #isClosed = false

  constructor(options: SamplerOptions) {
    super()
    // Every viewer's stream listens.
    this.setMaxListeners(0)
    this.#options = options
  }

  /** When the last sample was taken; 0 before the first. Milliseconds since 1970. */
  get sampledAt(): number {
    return this.#sampledAt
  }

  /** How long the last one took. */
  get tookMs(): number {
    return this.#tookMs
  }

  get nodes(): readonly SampledNode[] {
    return this.#nodes
  }

  get registeredTopics(): readonly string[] {
    return this.#registered
  }

  /** Who could not be asked. */
  get problems(): NodeProblem[] {
    const nodes = [...this.#failing].map(([node, { since, error }]): NodeProblem => ({
      node,
      kind: 'nsqd',
      error,
      since,
    }))
    return [...this.#lookupProblems, ...nodes]
  }

  start(): void {
    this.#schedule(0)
  }

  /** Samples again soon, nsqlookupd included, because something was changed. */
  hurry(): void {
    this.#discoveredAt = Number.NEGATIVE_INFINITY
    if (this.#isHurried) return
    this.#isHurried = true
    if (this.#sampling === undefined) this.#schedule(this.#soonMs)
  }

  /** Resolves when there is a sample, or after the time given. */
  async first(timeoutMs: number): Promise<void> {
    if (this.#sampledAt > 0 || this.#isClosed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs)
      function done(): void {
        clearTimeout(timer)
        resolve()
      }
      this.once('sample', done)
    })
  }

  /** Ends with the sample that is being taken. The cluster's connections are the owner's to drop. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#sampling
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const started = performance.now()
      this.#isHurried = false
      this.#sampling = this.#sample().finally(() => {
        this.#sampling = undefined
        this.#tookMs = performance.now() - started
        this.#endedAt = performance.now()
        this.#schedule(this.#isHurried ? this.#soonMs : this.#pauseMs)
      })
    }, delayMs)
    this.#timer.unref()
  }

  /**
   * Until the next sample: to the middle of a step of the history, so that each step gets one. At least as long as the
   * last took, so that a cluster that is slow to ask is not asked all the time.
   */
  get #pauseMs(): number {
    const { intervalMs } = this.#options
    const least = Math.max(SOON_MS, Math.min(this.#tookMs, intervalMs))
    const toMiddle = intervalMs - ((Date.now() + intervalMs / 2) % intervalMs)
    return toMiddle >= least ? toMiddle : toMiddle + intervalMs
  }

  /** Actions in a row don't make it sample all the time either. */
  get #soonMs(): number {
    return Math.max(
      SOON_MS,
      this.#endedAt + Math.min(3 * this.#tookMs, this.#pauseMs) - performance.now(),
    )
  }

  async #sample(): Promise<void> {
    try {
      if (performance.now() - this.#discoveredAt >= DISCOVERY_MS) await this.#discover()
      await this.#askNodes()
    } catch (error) {
      // Nothing that a cluster answers ends the process; the next sample may be better.
      this.#options.logger.error('sampling the cluster failed', {
        err: error,
        stack: error instanceof Error ? error.stack : undefined,
      })
    }
  }

  async #discover(): Promise<void> {
    const { cluster } = this.#options
    this.#discoveredAt = performance.now()
    const results = await Promise.allSettled([cluster.nodes(), cluster.topics()])
    const [nodes, topics] = results
    if (nodes.status === 'fulfilled') this.#meet(nodes.value.value)
    // The last known ones are better than none.
    else if (!(nodes.reason instanceof UpstreamError)) throw nodes.reason
    if (topics.status === 'fulfilled') this.#registered = topics.value.value
    this.#noteLookups(results.flatMap(textsOf))
  }

  #meet(found: readonly NodeInfo[]): void {
    const known = new Map(this.#nodes.map((node) => [node.address, node]))
    this.#nodes = found
      .filter(({ http_port: port }) => port > 0)
      .map((info) => {
        const address = httpAddressOf(info)
        const topics = known.get(address)?.topics ?? new NodeTopics(this.state)
        return { info, address, topics }
      })
    const addresses = new Set(this.#nodes.map(({ address }) => address))
    for (const address of this.#failing.keys()) {
      if (!addresses.has(address)) this.#failing.delete(address)
    }
  }

  /** Discovery is by nsqlookupd, or else by the nsqd themselves; either way its texts name who failed. */
  #noteLookups(texts: readonly string[]): void {
    const { cluster } = this.#options
    const kind = cluster.hasLookupds ? 'nsqlookupd' : 'nsqd'
    const addresses = cluster.hasLookupds ? cluster.lookupds : cluster.nsqds
    const before = new Map(this.#lookupProblems.map((problem) => [problem.node, problem.since]))
    this.#lookupProblems = addresses.flatMap((node) => {
      const error = texts.find((text) => text.includes(`//${node}/`))
      if (error === undefined) return []
      return [{ node, kind, error, since: before.get(node) ?? Date.now() } as const]
    })
  }

  async #askNodes(): Promise<void> {
    const { cluster, history } = this.#options
    const { state } = this
    const now = Date.now()
    const due = this.#nodes.filter(
      ({ address }) => (this.#failing.get(address)?.retryAt ?? 0) <= now,
    )
    const isEarly = now - this.#countedAt < this.#options.intervalMs / 2
    if (!isEarly) this.#countedAt = now
    state.beginRound(isEarly)
    const { answers } = await gather(due, (node) => this.#askNode(cluster, node), NODES_AT_A_TIME)
    if (this.#isClosed) return
    const sampledAt = Date.now()
    state.endRound(sampledAt, answers.length)
    history.record(sampledAt, state.figures, this.#subjects(answers.map(({ source }) => source)))
    this.#sampledAt = sampledAt
    this.emit('sample', sampledAt)
  }

  async #askNode(cluster: ClusterInfo, { address, topics }: SampledNode): Promise<void> {
    try {
      await cluster.api.get(address, '/stats', STATS_PARAMS, (json) =>
        topics.take(json, performance.now()),
      )
      this.#failing.delete(address)
    } catch (error) {
      if (error instanceof SourceError) this.#noteFailure(address, error.message)
      throw error
    }
  }

  #noteFailure(address: string, error: string): void {
    const before = this.#failing.get(address)
    const failures = (before?.failures ?? 0) + 1
    const now = Date.now()
    const patience = Math.min(this.#options.intervalMs * 2 ** (failures - 1), MAX_PATIENCE_MS)
    const since = before?.since ?? now
    this.#failing.set(address, { since, error, failures, retryAt: now + patience })
  }

  *#subjects(answered: readonly SampledNode[]): Generator<Subject> {
    for (const { address, topics } of answered) {
      yield { kind: 'node', key: address, figures: topics.figures }
    }
    for (const topic of this.state.topics.values()) {
      yield { kind: 'topic', key: topic.name, figures: topic.shown }
      for (const channel of topic.channels.values()) {
        yield { kind: 'channel', key: `${topic.name}/${channel.name}`, figures: channel.shown }
      }
    }
  }
}

const STATS_PARAMS = { format: 'json', include_clients: 'false', include_mem: 'false' }

function textsOf(
  result: PromiseSettledResult<{ readonly warnings: readonly string[] }>,
): readonly string[] {
  if (result.status === 'fulfilled') return result.value.warnings.flatMap((one) => one.split('\n'))
  const reason: unknown = result.reason
  return reason instanceof Error ? reason.message.split('\n') : []
}
