// Hot: goes over every topic and channel of every node for each sample. Reads fields where they lie and makes no objects
// of its own but for what is new.

import { type Json, ShapeError } from '@tsq/clusterinfo'

import { type ChannelCounts, channelGrowth, growth } from './counters.ts'
import { Figures } from './figures.ts'
import type { ChannelState, ClusterState, TopicState } from './cluster-state.ts'

/** What a node said last of a channel. */
class NodeChannel implements ChannelCounts {
  /** Another one when no node had it for a while. */
  state: ChannelState
  round = 0
  messages = 0
  depth = 0
  inFlight = 0
  deferred = 0
  requeued = 0
  timedOut = 0

  constructor(state: ChannelState) {
    this.state = state
  }
}

/** What a node said last of a topic. */
class NodeTopic {
  /** Another one when no node had it for a while. */
  state: TopicState
  round = 0
  messages = 0
  readonly channels = new Map<string, NodeChannel>()

  constructor(state: TopicState) {
    this.state = state
  }
}

/** The topics of one node from sample to sample. */
export class NodeTopics {
  readonly #cluster: ClusterState
  #topics = new Map<string, NodeTopic>()
  #startTime: number | undefined
  /** When counters were last read, with the clock of `take`. */
  #answeredAt: number | undefined
  /** Whether the counters of this answer are what the next one's are compared with. */
  #isCounting = false
  /** Of this node alone, as of its last answer. */
  figures = new Figures()

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
  }

  get topicCount(): number {
    return this.#topics.size
  }

  /**
   * Adds an answer to `/stats?format=json` to the round that is being taken.
   *
   * @param now milliseconds that only go forward.
   * @throws {ShapeError} having added nothing.
   */
  take(json: Json, now: number): void {
    const topics = listOf(json['topics'])
    for (const topic of topics) checkTopic(topic)
    const startTime = typeof json['start_time'] === 'number' ? json['start_time'] : undefined
    const isFirst = this.#startTime !== startTime || this.#answeredAt === undefined
    if (isFirst) this.#topics = new Map()
    this.#isCounting = isFirst || !this.#cluster.isEarly
    const seconds = (now - (this.#answeredAt ?? now)) / 1_000
    const perMessage = isFirst || !this.#isCounting ? 0 : 1 / Math.max(seconds, 0.001)
    this.#startTime = startTime
    if (this.#isCounting) this.#answeredAt = now
    const figures = new Figures()
    for (const topic of topics) this.#takeTopic(topic as TopicJson, perMessage, figures)
    this.#forgetGone()
    if (!this.#isCounting) figures.keepRates(this.figures)
    this.figures = figures
  }

  #takeTopic(json: TopicJson, perMessage: number, node: Figures): void {
    const { round } = this.#cluster
    const name = json.topic_name
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new NodeTopic(this.#cluster.topic(name))
      this.#topics.set(name, topic)
    } else if (topic.state.isGone) {
      topic.state = this.#cluster.topic(name)
    }
    topic.round = round
    const publish = growth(json.message_count, topic.messages) * perMessage
    if (this.#isCounting) topic.messages = json.message_count
    const { state } = topic
    state.touch(round)
    const sums = state.sums
    sums.nodes += 1
    sums.depth += json.depth
    sums.backendDepth += json.backend_depth
    sums.messages += json.message_count
    sums.publish += publish
    if (json.paused) sums.isPaused = true
    state.addLatency(json.e2e_processing_latency)

    let fullest = json.depth
    let fullestOnDisk = json.backend_depth
    for (const channel of json.channels ?? []) {
      this.#takeChannel(topic, channel, perMessage, node)
      if (channel.depth > fullest) {
        fullest = channel.depth
        fullestOnDisk = channel.backend_depth
      }
    }
    node.depth += fullest
    node.backendDepth += fullestOnDisk
    node.messages += json.message_count
    node.publish += publish
    node.nodes = 1
  }

  #takeChannel(topic: NodeTopic, json: ChannelJson, perMessage: number, node: Figures): void {
    const { round } = this.#cluster
    const name = json.channel_name
    let channel = topic.channels.get(name)
    const before = channel
    if (channel === undefined) {
      channel = new NodeChannel(topic.state.channel(name))
      topic.channels.set(name, channel)
    } else if (channel.state.isGone || topic.state.channels.get(name) !== channel.state) {
      channel.state = topic.state.channel(name)
    }
    channel.round = round
    const now: ChannelCounts = {
      messages: json.message_count,
      depth: json.depth,
      inFlight: json.in_flight_count,
      deferred: json.deferred_count,
      requeued: json.requeue_count,
      timedOut: json.timeout_count,
    }
    const grown = channelGrowth(now, before)
    const { state } = channel
    state.touch(round)
    const { sums } = state
    sums.nodes += 1
    sums.depth += now.depth
    sums.backendDepth += json.backend_depth
    sums.inFlight += now.inFlight
    sums.deferred += now.deferred
    sums.messages += now.messages
    sums.clients += json.client_count
    sums.publish += before === undefined ? 0 : growth(now.messages, before.messages) * perMessage
    sums.deliver += grown.deliver * perMessage
    sums.finish += grown.finish * perMessage
    sums.requeue += grown.requeue * perMessage
    sums.timeout += grown.timeout * perMessage
    if (json.paused) sums.isPaused = true
    state.addLatency(json.e2e_processing_latency)

    node.channels += 1
    node.clients += json.client_count
    node.inFlight += now.inFlight
    node.deferred += now.deferred
    node.deliver += grown.deliver * perMessage
    node.finish += grown.finish * perMessage
    node.requeue += grown.requeue * perMessage
    node.timeout += grown.timeout * perMessage

    if (!this.#isCounting) return
    channel.messages = now.messages
    channel.depth = now.depth
    channel.inFlight = now.inFlight
    channel.deferred = now.deferred
    channel.requeued = now.requeued
    channel.timedOut = now.timedOut
  }

  #forgetGone(): void {
    const { round } = this.#cluster
    for (const [name, topic] of this.#topics) {
      if (topic.round !== round) this.#topics.delete(name)
      else {
        for (const [channelName, channel] of topic.channels) {
          if (channel.round !== round) topic.channels.delete(channelName)
        }
      }
    }
  }
}

/** A topic of an answer, once it is checked. */
interface TopicJson {
  readonly topic_name: string
  readonly depth: number
  readonly backend_depth: number
  readonly message_count: number
  readonly paused: boolean
  readonly channels?: readonly ChannelJson[] | null
  readonly e2e_processing_latency?: LatencyJson | null
}

interface ChannelJson {
  readonly channel_name: string
  readonly depth: number
  readonly backend_depth: number
  readonly message_count: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly requeue_count: number
  readonly timeout_count: number
  readonly client_count: number
  readonly paused: boolean
  readonly e2e_processing_latency?: LatencyJson | null
}

/** Checked where it is used, which is rarely. */
export interface LatencyJson {
  readonly count?: unknown
  readonly percentiles?: unknown
}

const TOPIC_NUMBERS = ['depth', 'backend_depth', 'message_count'] as const
const CHANNEL_NUMBERS = [
  'depth',
  'backend_depth',
  'message_count',
  'in_flight_count',
  'deferred_count',
  'requeue_count',
  'timeout_count',
  'client_count',
] as const
const MAX_NAME_LENGTH = 64

function checkTopic(value: unknown): void {
  if (typeof value !== 'object' || value === null) throw new ShapeError('a topic is not an object')
  const topic = value as Json
  checkName(topic['topic_name'], 'topic_name')
  for (const name of TOPIC_NUMBERS) checkNumber(topic[name], name)
  for (const channel of listOf(topic['channels'])) checkChannel(channel)
}

function checkChannel(value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw new ShapeError('a channel is not an object')
  }
  const channel = value as Json
  checkName(channel['channel_name'], 'channel_name')
  for (const name of CHANNEL_NUMBERS) checkNumber(channel[name], name)
}

function checkName(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '' || value.length > MAX_NAME_LENGTH) {
    throw new ShapeError(`${name} is not a name`)
  }
}

function checkNumber(value: unknown, name: string): void {
  if (typeof value !== 'number') throw new ShapeError(`${name} is not a number`)
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[]
  if (value === null || value === undefined) return []
  throw new ShapeError('topics or channels are not a list')
}
