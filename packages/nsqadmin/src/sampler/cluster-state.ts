// What all nodes say together, from sample to sample.

import type { LatencyJson } from './node-answer.ts'
import { Figures, LatencySum, NO_LATENCY } from './figures.ts'
import { Spark } from './spark.ts'

/** One going round all nodes. */
export interface Round {
  readonly round: number
  readonly isEarly: boolean
}

/** Sums of the round being taken, and of the last one that was taken whole. */
class Summed {
  readonly name: string
  /** What everybody is shown. */
  shown = new Figures()
  /** What is being added up. */
  sums = new Figures()
  /** No node has it any more. */
  isGone = false
  #round = 0
  #latency: LatencySum | undefined

  constructor(name: string) {
    this.name = name
  }

  /** Begins anew in a new round. */
  touch(round: number): void {
    if (this.#round === round) return
    this.#round = round
    this.sums = new Figures()
    this.#latency = undefined
  }

  addLatency(latency: LatencyJson | null | undefined): void {
    const percentiles = latency?.percentiles
    if (!Array.isArray(percentiles)) return
    const count = typeof latency?.count === 'number' ? latency.count : 0
    this.#latency ??= new LatencySum()
    for (const one of percentiles as readonly unknown[]) {
      if (typeof one !== 'object' || one === null) continue
      const { quantile, value } = one as { readonly quantile?: unknown; readonly value?: unknown }
      if (typeof quantile === 'number' && typeof value === 'number') {
        this.#latency.add(quantile, value, count)
      }
    }
  }

  /** Shows what was added up. Returns false where no node spoke of it. */
  show({ round, isEarly }: Round): boolean {
    this.isGone = this.#round !== round
    if (this.isGone) return false
    if (isEarly) this.sums.keepRates(this.shown)
    this.sums.latency = this.#latency?.means ?? NO_LATENCY
    this.shown = this.sums
    return true
  }
}

export class ChannelState extends Summed {}

export class TopicState extends Summed {
  readonly channels = new Map<string, ChannelState>()
  readonly spark = new Spark()
  /** Of the topic itself, without its channels. */
  ownDepth = 0

  channel(name: string): ChannelState {
    let channel = this.channels.get(name)
    if (channel === undefined) {
      channel = new ChannelState(name)
      this.channels.set(name, channel)
    }
    return channel
  }

  /** Also adds up its channels. */
  override show(round: Round): boolean {
    if (!super.show(round)) return false
    const { shown } = this
    shown.deliver = 0
    shown.finish = 0
    shown.requeue = 0
    shown.timeout = 0
    this.ownDepth = shown.depth
    for (const [name, channel] of this.channels) {
      if (!channel.show(round)) {
        this.channels.delete(name)
        continue
      }
      shown.channels += 1
      shown.addTraffic(channel.shown)
      if (channel.shown.depth > shown.depth) {
        shown.depth = channel.shown.depth
        shown.backendDepth = channel.shown.backendDepth
      }
    }
    return true
  }
}

/** Every topic of the cluster. */
export class ClusterState implements Round {
  readonly topics = new Map<string, TopicState>()
  /** The whole cluster, as of the last round. */
  figures = new Figures()
  round = 0
  isEarly = false

  topic(name: string): TopicState {
    let topic = this.topics.get(name)
    if (topic === undefined) {
      topic = new TopicState(name)
      this.topics.set(name, topic)
    }
    return topic
  }

  /** @param isEarly too soon after the one before for rates; depths and the like only. */
  beginRound(isEarly: boolean): void {
    this.round += 1
    this.isEarly = isEarly
  }

  /** Shows what the nodes of this round said. */
  endRound(now: number, nodeCount: number): void {
    const all = new Figures()
    const latency = new LatencySum()
    for (const [name, topic] of this.topics) {
      if (!topic.show(this)) {
        this.topics.delete(name)
        continue
      }
      const { shown } = topic
      topic.spark.add(now, shown.depth)
      all.depth += shown.depth
      all.backendDepth += shown.backendDepth
      all.messages += shown.messages
      all.channels += shown.channels
      all.publish += shown.publish
      all.addTraffic(shown)
      for (const [quantile, value] of shown.latency) latency.add(quantile, value, 1)
    }
    all.nodes = nodeCount
    all.latency = latency.means
    this.figures = all
  }
}
