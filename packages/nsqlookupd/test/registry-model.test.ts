// Any run of calls leaves the registry as the simplest thing that could work: sets of strings, scanned.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isEphemeralName, parseChannelName, parseTopicName } from '@tsq/protocol'
import * as fc from 'fast-check'

import type { RegisteredNode } from '../src/registry/registered-node.ts'
import { Registry } from '../src/registry/registry.ts'
import { channelNames, lookupJson, nodesJson, topicNames } from '../src/registry/views.ts'
import { FakeClock } from './support/fake-clock.ts'

const TOPICS = ['a', 'b', 'live#ephemeral']
const CHANNELS = ['c', 'd', 'tail#ephemeral']
const HOSTS = ['n0', 'n1', 'n2']

const topic = fc.constantFrom(...TOPICS)
const channel = fc.constantFrom(...CHANNELS)
const host = fc.constantFrom(...HOSTS)
const maybeChannel = fc.option(channel, { nil: '' })
const call = fc.oneof(
  fc.record({ name: fc.constant('register' as const), host, topic, channel: maybeChannel }),
  fc.record({ name: fc.constant('unregister' as const), host, topic, channel: maybeChannel }),
  fc.record({ name: fc.constant('leave' as const), host }),
  fc.record({ name: fc.constant('createTopic' as const), topic }),
  fc.record({ name: fc.constant('createChannel' as const), topic, channel }),
  fc.record({ name: fc.constant('deleteTopic' as const), topic }),
  fc.record({ name: fc.constant('deleteChannel' as const), topic, channel }),
)
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

/** Keys are `topic/channel`, the channel empty for the topic itself; values are hosts. */
class Model {
  readonly keys = new Map<string, Set<string>>()

  #key(topicName: string, channelName = ''): Set<string> {
    const key = `${topicName}/${channelName}`
    const hosts = this.keys.get(key) ?? new Set()
    this.keys.set(key, hosts)
    return hosts
  }

  /** Takes a host from the keys that match; drops what is ephemeral, nobody's, and touched. */
  #take(from: (key: string) => boolean, name: string): void {
    for (const [key, hosts] of this.keys) {
      if (!from(key) || !hosts.delete(name) || hosts.size > 0) continue
      const [topicName = '', channelName = ''] = key.split('/')
      if (channelName !== '' && isEphemeralName(channelName)) this.keys.delete(key)
      if (channelName === '' && isEphemeralName(topicName)) this.#deleteTopic(topicName)
    }
  }

  #deleteTopic(topicName: string): void {
    for (const key of this.keys.keys()) {
      if (key.startsWith(`${topicName}/`)) this.keys.delete(key)
    }
  }

  /** An ephemeral name nobody carries goes when it is unregistered, even by a stranger. */
  #sweep(topicName: string, channelName: string): void {
    if (channelName !== '') {
      const isLeft = this.keys.get(`${topicName}/${channelName}`)?.size === 0
      if (isLeft && isEphemeralName(channelName)) this.keys.delete(`${topicName}/${channelName}`)
    } else if (this.keys.get(`${topicName}/`)?.size === 0 && isEphemeralName(topicName)) {
      this.#deleteTopic(topicName)
    }
  }

  apply(made: Call): void {
    switch (made.name) {
      case 'register':
        this.#key(made.topic).add(made.host)
        if (made.channel !== '') this.#key(made.topic, made.channel).add(made.host)
        break
      case 'unregister':
        this.#take(
          made.channel === ''
            ? (key) => key.startsWith(`${made.topic}/`)
            : (key) => key === `${made.topic}/${made.channel}`,
          made.host,
        )
        this.#sweep(made.topic, made.channel)
        break
      case 'leave':
        this.#take(() => true, made.host)
        break
      case 'createTopic':
        this.#key(made.topic)
        break
      case 'createChannel':
        this.#key(made.topic)
        this.#key(made.topic, made.channel)
        break
      case 'deleteTopic':
        this.#deleteTopic(made.topic)
        break
      case 'deleteChannel':
        this.keys.delete(`${made.topic}/${made.channel}`)
        break
    }
  }

  shown(): Record<string, { channels: string[]; hosts: string[] }> {
    const shown: Record<string, { channels: string[]; hosts: string[] }> = {}
    for (const name of TOPICS) {
      const hosts = this.keys.get(`${name}/`)
      if (hosts === undefined) continue
      const channels = CHANNELS.filter((each) => this.keys.has(`${name}/${each}`))
      shown[name] = { channels, hosts: [...hosts].toSorted() }
    }
    return shown
  }
}

/** The registry driven by the same calls. */
class Real {
  readonly registry = new Registry(
    {
      inactiveProducerTimeoutMs: 1,
      tombstoneLifetimeMs: 1,
      maxRegistrationsPerPeer: 100,
      maxRegistrations: 1_000,
    },
    new FakeClock(),
  )
  readonly #nodes = new Map<string, RegisteredNode>()

  #node(name: string): RegisteredNode {
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    const node = this.registry.addNode({
      remoteAddress: name,
      hostname: name,
      broadcastAddress: name,
      tcpPort: 1,
      httpPort: 2,
      version: '1',
      topologyZone: '',
      topologyRegion: '',
    })
    this.#nodes.set(name, node)
    return node
  }

  apply(made: Call): void {
    const { registry } = this
    switch (made.name) {
      case 'register':
        registry.register(
          this.#node(made.host),
          topicOf(made.topic),
          parseChannelName(made.channel),
        )
        break
      case 'unregister':
        registry.unregister(
          this.#node(made.host),
          topicOf(made.topic),
          parseChannelName(made.channel),
        )
        break
      case 'leave':
        registry.removeNode(this.#node(made.host))
        this.#nodes.delete(made.host)
        break
      case 'createTopic':
        registry.createTopic(topicOf(made.topic))
        break
      case 'createChannel':
        registry.createChannel(topicOf(made.topic), channelOf(made.channel))
        break
      case 'deleteTopic':
        registry.deleteTopic(made.topic)
        break
      case 'deleteChannel':
        registry.deleteChannel(made.topic, made.channel)
        break
    }
  }

  shown(): Record<string, { channels: string[]; hosts: string[] }> {
    return Object.fromEntries(
      topicNames(this.registry).map((name) => {
        const { producers }: { producers: { hostname: string }[] } = JSON.parse(
          lookupJson(this.registry, name) ?? '{"producers":[]}',
        )
        const record = this.registry.topic(name)
        return [
          name,
          {
            channels: record === undefined ? [] : channelNames(record),
            hosts: producers.map(({ hostname }) => hostname).toSorted(),
          },
        ]
      }),
    )
  }
}

function topicOf(text: string) {
  const name = parseTopicName(text)
  assert.ok(name !== undefined)
  return name
}

function channelOf(text: string) {
  const name = parseChannelName(text)
  assert.ok(name !== undefined)
  return name
}

test('any run of calls leaves the registry as the model', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const [model, real] = [new Model(), new Real()]
      for (const each of calls) {
        model.apply(each)
        real.apply(each)
        assert.deepEqual(real.shown(), model.shown())
      }
      const { registry } = real
      let registrations = 0
      for (const hosts of model.keys.values()) registrations += hosts.size
      assert.equal(registry.registrationCount, registrations)
      assert.equal(registry.topicCount + registry.channelCount, model.keys.size)
      // Each node's own list agrees with the topics'.
      const { producers }: { producers: { hostname: string; topics: string[] }[] } = JSON.parse(
        nodesJson(registry),
      )
      for (const { hostname, topics } of producers) {
        const carried = TOPICS.filter((name) => model.keys.get(`${name}/`)?.has(hostname) === true)
        assert.deepEqual(topics, carried)
        const node = [...registry.nodes].find(({ identity }) => identity.hostname === hostname)
        const own = (node?.topics() ?? []).map(({ name }) => name)
        assert.deepEqual(own.toSorted(), carried)
      }
    }),
    { numRuns: 300 },
  )
})
