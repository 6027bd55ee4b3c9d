import assert from 'node:assert/strict'

import { type ChannelName, isEphemeralName, type TopicName } from '@tsq/protocol'

import type { Clock } from '../clock.ts'
import { type NodeIdentity, RegisteredNode } from './registered-node.ts'
import { NodeList, TopicRecord } from './topic-record.ts'

export interface RegistryOptions {
  /** A node whose last ping is older is hidden. */
  readonly inactiveProducerTimeoutMs: number
  /** How long a tombstone hides a node from a topic. */
  readonly tombstoneLifetimeMs: number
  readonly maxRegistrationsPerPeer: number
  /** Topics, channels and registrations of nodes together. */
  readonly maxRegistrations: number
}

/** Another registration would exceed a limit. Nothing was changed. */
export class RegistryFullError extends Error {
  override readonly name = 'RegistryFullError'
  readonly code = 'ERR_REGISTRY_FULL'
}

/** What a call registered or unregistered that was not so before. */
export interface Change {
  readonly topic: boolean
  /** How many channels. */
  readonly channels: number
}

/**
 * Who carries which topic and channel. A plain synchronous object: sockets, HTTP and time are elsewhere.
 *
 * Names stay when their nodes leave, so that the topology is remembered while a node is away; ephemeral names go with
 * their last node.
 */
export class Registry {
  readonly #options: RegistryOptions
  readonly #clock: Clock
  readonly #nodes = new Set<RegisteredNode>()
  readonly #topics = new Map<string, TopicRecord>()
  /** Sorted, until a topic comes or goes. */
  #sortedTopics: readonly TopicRecord[] | undefined
  #channelCount = 0
  #registrationCount = 0

  constructor(options: RegistryOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  get clock(): Clock {
    return this.#clock
  }

  get nodes(): ReadonlySet<RegisteredNode> {
    return this.#nodes
  }

  get topicCount(): number {
    return this.#topics.size
  }

  get channelCount(): number {
    return this.#channelCount
  }

  /** Nodes under topics and channels, one for each pair. */
  get registrationCount(): number {
    return this.#registrationCount
  }

  // ---- What nsqd says --------------------------------------------------------------------------

  addNode(identity: NodeIdentity): RegisteredNode {
    const node = new RegisteredNode(identity, this.#clock.now())
    this.#nodes.add(node)
    return node
  }

  /** The node's connection ended. */
  removeNode(node: RegisteredNode): void {
    if (!this.#nodes.delete(node)) return
    for (const topic of node.topics()) this.#unregisterTopic(node, topic)
    assert.equal(node.registrations, 0)
  }

  ping(node: RegisteredNode): void {
    node.lastUpdate = this.#clock.now()
  }

  /**
   * Puts a node under a topic, and under a channel of it. Where it is already nothing changes, tombstones included.
   *
   * @throws {RegistryFullError}
   */
  register(node: RegisteredNode, topicName: TopicName, channelName?: ChannelName): Change {
    assert.ok(this.#nodes.has(node), 'a node that left cannot register')
    const known = this.#topics.get(topicName)
    const carriers = channelName === undefined ? undefined : known?.channels.get(channelName)
    const isNewToTopic = known?.nodes.has(node) !== true
    const isNewToChannel = channelName !== undefined && carriers?.has(node) !== true
    const added = Number(isNewToTopic) + Number(isNewToChannel)
    if (added === 0) return { topic: false, channels: 0 }
    const isNewChannel = channelName !== undefined && carriers === undefined
    this.#checkNodeRoom(node, added)
    this.#checkRoom(added + Number(known === undefined) + Number(isNewChannel))

    const topic = known ?? this.#addTopic(topicName)
    if (isNewToChannel) (carriers ?? this.#addChannel(topic, channelName)).add(node)
    if (isNewToTopic) {
      topic.nodes.add(node)
      node.remember(topic)
    }
    this.#count(node, added)
    return { topic: isNewToTopic, channels: Number(isNewToChannel) }
  }

  /** Takes a node from a channel, or from a topic and all its channels. An ephemeral name nobody carries is dropped. */
  unregister(node: RegisteredNode, topicName: TopicName, channelName?: ChannelName): Change {
    const topic = this.#topics.get(topicName)
    if (topic === undefined) return { topic: false, channels: 0 }
    if (channelName === undefined) return this.#unregisterTopic(node, topic)
    const carriers = topic.channels.get(channelName)
    if (carriers === undefined) return { topic: false, channels: 0 }
    return { topic: false, channels: this.#unregisterChannel(node, topic, channelName, carriers) }
  }

  #unregisterTopic(node: RegisteredNode, topic: TopicRecord): Change {
    let channels = 0
    for (const [name, carriers] of topic.channels) {
      if (carriers.has(node)) channels += this.#unregisterChannel(node, topic, name, carriers)
    }
    const wasCarried = topic.nodes.delete(node)
    if (wasCarried) {
      topic.forgetTombstone(node)
      node.topicCount -= 1
      this.#count(node, -1)
    }
    if (topic.nodes.size === 0 && isEphemeralName(topic.name)) this.#dropTopic(topic)
    return { topic: wasCarried, channels }
  }

  #unregisterChannel(
    node: RegisteredNode,
    topic: TopicRecord,
    name: string,
    carriers: NodeList,
  ): number {
    const wasCarried = carriers.delete(node)
    if (wasCarried) this.#count(node, -1)
    if (carriers.size === 0 && isEphemeralName(name)) this.#dropChannel(topic, name, carriers)
    return Number(wasCarried)
  }

  // ---- What operators say ----------------------------------------------------------------------

  /** @throws {RegistryFullError} */
  createTopic(name: TopicName): void {
    if (this.#topics.has(name)) return
    this.#checkRoom(1)
    this.#addTopic(name)
  }

  /** @throws {RegistryFullError} */
  createChannel(topicName: TopicName, channelName: ChannelName): void {
    const known = this.#topics.get(topicName)
    if (known?.channels.has(channelName) === true) return
    this.#checkRoom(known === undefined ? 2 : 1)
    this.#addChannel(known ?? this.#addTopic(topicName), channelName)
  }

  /** Forgets a topic, its channels and who carries them. The nodes aren't told. */
  deleteTopic(name: string): boolean {
    const topic = this.#topics.get(name)
    if (topic === undefined) return false
    this.#dropTopic(topic)
    return true
  }

  deleteChannel(topicName: string, channelName: string): boolean {
    const topic = this.#topics.get(topicName)
    const carriers = topic?.channels.get(channelName)
    if (topic === undefined || carriers === undefined) return false
    this.#dropChannel(topic, channelName, carriers)
    return true
  }

  /**
   * Hides the nodes with this HTTP address from one topic for a while. A second call begins the time anew.
   *
   * @returns how many nodes that are.
   */
  tombstone(topicName: string, httpAddress: string): number {
    const topic = this.#topics.get(topicName)
    if (topic === undefined) return 0
    let count = 0
    for (const node of topic.nodes) {
      if (!node.hasHttpAddress(httpAddress)) continue
      topic.tombstone(node, this.#clock.now())
      count += 1
    }
    return count
  }

  // ---- Questions -------------------------------------------------------------------------------

  topic(name: string): TopicRecord | undefined {
    return this.#topics.get(name)
  }

  /** All topics by name. */
  topics(): readonly TopicRecord[] {
    return (this.#sortedTopics ??= [...this.#topics.values()].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    ))
  }

  isActive(node: RegisteredNode): boolean {
    return this.#clock.now() - node.lastUpdate <= this.#options.inactiveProducerTimeoutMs
  }

  /** Whether a tombstone set at this moment still hides its node. */
  isTombstoned(tombstonedAt: number): boolean {
    return this.#clock.now() - tombstonedAt < this.#options.tombstoneLifetimeMs
  }

  // ---- Bookkeeping -----------------------------------------------------------------------------

  #addTopic(name: string): TopicRecord {
    const topic = new TopicRecord(name)
    this.#topics.set(name, topic)
    this.#sortedTopics = undefined
    return topic
  }

  #addChannel(topic: TopicRecord, name: string): NodeList {
    const carriers = new NodeList()
    topic.channels.set(name, carriers)
    this.#channelCount += 1
    return carriers
  }

  #dropTopic(topic: TopicRecord): void {
    for (const [name, carriers] of topic.channels) this.#dropChannel(topic, name, carriers)
    for (const node of topic.nodes) {
      node.topicCount -= 1
      this.#count(node, -1)
    }
    topic.nodes.clear()
    this.#topics.delete(topic.name)
    this.#sortedTopics = undefined
  }

  #dropChannel(topic: TopicRecord, name: string, carriers: NodeList): void {
    for (const node of carriers) this.#count(node, -1)
    topic.channels.delete(name)
    this.#channelCount -= 1
  }

  #count(node: RegisteredNode, change: number): void {
    node.registrations += change
    this.#registrationCount += change
  }

  #checkNodeRoom(node: RegisteredNode, more: number): void {
    const { maxRegistrationsPerPeer } = this.#options
    if (node.registrations + more <= maxRegistrationsPerPeer) return
    throw new RegistryFullError(
      `too many registrations of one peer, the limit is ${maxRegistrationsPerPeer}`,
    )
  }

  #checkRoom(more: number): void {
    const { maxRegistrations } = this.#options
    const used = this.#topics.size + this.#channelCount + this.#registrationCount
    if (used + more <= maxRegistrations) return
    throw new RegistryFullError(`too many registrations, the limit is ${maxRegistrations}`)
  }
}
