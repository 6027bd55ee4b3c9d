import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseChannelName, parseTopicName } from '@tsq/protocol'

import type { NodeIdentity, RegisteredNode } from '../src/registry/registered-node.ts'
import { Registry, RegistryFullError, type RegistryOptions } from '../src/registry/registry.ts'
import {
  channelNames,
  debugJson,
  lookupJson,
  nodesJson,
  topicNames,
} from '../src/registry/views.ts'
import { FakeClock } from './support/fake-clock.ts'

const OPTIONS: RegistryOptions = {
  inactiveProducerTimeoutMs: 300_000,
  tombstoneLifetimeMs: 45_000,
  maxRegistrationsPerPeer: 100,
  maxRegistrations: 1_000,
}

/** A registry with names given as plain text, and what it shows as plain lists. */
class Fixture {
  readonly clock = new FakeClock()
  readonly registry: Registry

  constructor(options: Partial<RegistryOptions> = {}) {
    this.registry = new Registry({ ...OPTIONS, ...options }, this.clock)
  }

  add(host: string, more: Partial<NodeIdentity> = {}): RegisteredNode {
    return this.registry.addNode({
      remoteAddress: `127.0.0.1:${50_000 + this.registry.nodes.size}`,
      hostname: host,
      broadcastAddress: host,
      tcpPort: 4150,
      httpPort: 4151,
      version: '1.3.0',
      topologyZone: '',
      topologyRegion: '',
      ...more,
    })
  }

  register(node: RegisteredNode, topic: string, channel?: string): void {
    this.registry.register(node, topicOf(topic), channelOf(channel))
  }

  unregister(node: RegisteredNode, topic: string, channel?: string): void {
    this.registry.unregister(node, topicOf(topic), channelOf(channel))
  }

  get topics(): string[] {
    return topicNames(this.registry)
  }

  channels(topic: string): string[] {
    const record = this.registry.topic(topic)
    return record === undefined ? [] : channelNames(record)
  }

  /** The hosts that `/lookup` shows; undefined for an unknown topic. */
  hosts(topic: string): string[] | undefined {
    const json = lookupJson(this.registry, topic)
    if (json === undefined) return undefined
    const { producers }: { producers: { broadcast_address: string }[] } = JSON.parse(json)
    return producers.map(({ broadcast_address }) => broadcast_address)
  }

  nodes(): { broadcast_address: string; topics: string[]; tombstones: boolean[] }[] {
    return JSON.parse(nodesJson(this.registry)).producers
  }

  counts(): number[] {
    const { topicCount, channelCount, registrationCount } = this.registry
    return [topicCount, channelCount, registrationCount]
  }
}

function topicOf(text: string) {
  const name = parseTopicName(text)
  assert.ok(name !== undefined)
  return name
}

function channelOf(text: string | undefined) {
  return text === undefined ? undefined : parseChannelName(text)
}

test('a node is found under the topics and channels it registers', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  fixture.register(node, 'orders')
  fixture.register(node, 'orders', 'ship')
  fixture.register(node, 'orders', 'archive')
  fixture.register(node, 'alone', 'c')
  assert.deepEqual(fixture.topics, ['alone', 'orders'])
  assert.deepEqual(fixture.channels('orders'), ['archive', 'ship'])
  assert.deepEqual(fixture.hosts('orders'), ['n1'])
  assert.equal(fixture.hosts('other'), undefined)
  assert.deepEqual(fixture.counts(), [2, 3, 5])
})

test('registering twice changes nothing', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  const name = topicOf('orders')
  assert.deepEqual(fixture.registry.register(node, name), { topic: true, channels: 0 })
  assert.deepEqual(fixture.registry.register(node, name), { topic: false, channels: 0 })
  assert.deepEqual(fixture.counts(), [1, 0, 1])
})

test('names outlive their nodes', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  fixture.register(node, 'orders', 'ship')
  fixture.registry.removeNode(node)
  assert.deepEqual(fixture.topics, ['orders'])
  assert.deepEqual(fixture.channels('orders'), ['ship'])
  assert.deepEqual(fixture.hosts('orders'), [])
  assert.deepEqual(fixture.nodes(), [])
  assert.deepEqual(fixture.counts(), [1, 1, 0])
})

test('unregistering a channel leaves the topic', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  fixture.register(node, 'orders', 'ship')
  fixture.unregister(node, 'orders', 'ship')
  assert.deepEqual(fixture.hosts('orders'), ['n1'])
  assert.deepEqual(fixture.channels('orders'), ['ship'])
  assert.deepEqual(fixture.counts(), [1, 1, 1])
})

test('unregistering a topic takes its channels along', () => {
  const fixture = new Fixture()
  const [left, right] = [fixture.add('n1'), fixture.add('n2')]
  for (const node of [left, right]) fixture.register(node, 'orders', 'ship')
  fixture.register(left, 'orders', 'archive')
  fixture.unregister(left, 'orders')
  assert.deepEqual(fixture.hosts('orders'), ['n2'])
  assert.deepEqual(fixture.channels('orders'), ['archive', 'ship'])
  assert.deepEqual(fixture.counts(), [1, 2, 2])
  fixture.unregister(left, 'orders')
  fixture.unregister(left, 'unknown', 'c')
  assert.deepEqual(fixture.counts(), [1, 2, 2])
})

test('an ephemeral channel goes with its last node, whichever way that leaves', () => {
  for (const leave of ['unregister', 'unregister topic', 'disconnect'] as const) {
    const fixture = new Fixture()
    const [left, right] = [fixture.add('n1'), fixture.add('n2')]
    for (const node of [left, right]) fixture.register(node, 'orders', 'tail#ephemeral')
    for (const [node, expected] of [
      [left, ['tail#ephemeral']],
      [right, []],
    ] as const) {
      if (leave === 'unregister') fixture.unregister(node, 'orders', 'tail#ephemeral')
      else if (leave === 'unregister topic') fixture.unregister(node, 'orders')
      else fixture.registry.removeNode(node)
      assert.deepEqual(fixture.channels('orders'), expected, leave)
    }
    assert.deepEqual(fixture.topics, ['orders'])
  }
})

test('an ephemeral topic goes with its last node, and its channels with it', () => {
  for (const leave of ['unregister', 'disconnect'] as const) {
    const fixture = new Fixture()
    const [left, right] = [fixture.add('n1'), fixture.add('n2')]
    fixture.register(left, 'live#ephemeral', 'lasting')
    fixture.register(right, 'live#ephemeral')
    for (const node of [left, right]) {
      assert.deepEqual(fixture.topics, ['live#ephemeral'])
      if (leave === 'unregister') fixture.unregister(node, 'live#ephemeral')
      else fixture.registry.removeNode(node)
    }
    assert.deepEqual(fixture.topics, [])
    assert.deepEqual(fixture.counts(), [0, 0, 0])
  }
})

test('a name made by an operator stays until a node has carried it', () => {
  const fixture = new Fixture()
  fixture.registry.createTopic(topicOf('live#ephemeral'))
  fixture.registry.removeNode(fixture.add('n1'))
  assert.deepEqual(fixture.topics, ['live#ephemeral'])
  const channelName = parseChannelName('c')
  assert.ok(channelName !== undefined)
  fixture.registry.createChannel(topicOf('orders'), channelName)
  fixture.registry.createChannel(topicOf('orders'), channelName)
  assert.deepEqual(fixture.channels('orders'), ['c'])
  assert.deepEqual(fixture.hosts('orders'), [])
})

test('a node that does not ping is hidden until it pings', () => {
  const fixture = new Fixture()
  const [silent, lively] = [fixture.add('silent'), fixture.add('lively')]
  for (const node of [silent, lively]) fixture.register(node, 'orders')
  fixture.clock.advance(200_000)
  fixture.registry.ping(lively)
  fixture.clock.advance(100_000)
  assert.deepEqual(fixture.hosts('orders'), ['silent', 'lively'], 'at the limit, not over it')
  fixture.clock.advance(1)
  assert.deepEqual(fixture.hosts('orders'), ['lively'])
  assert.deepEqual(
    fixture.nodes().map(({ broadcast_address }) => broadcast_address),
    ['lively'],
  )
  fixture.register(silent, 'orders', 'c')
  assert.deepEqual(fixture.hosts('orders'), ['lively'], 'registering is no ping')
  assert.deepEqual(fixture.topics, ['orders'])
  fixture.registry.ping(silent)
  assert.deepEqual(fixture.hosts('orders'), ['silent', 'lively'])
})

test('a tombstone hides a node from one topic, for its lifetime', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  for (const topic of ['orders', 'returns']) fixture.register(node, topic)
  fixture.register(fixture.add('n2'), 'orders')
  assert.equal(fixture.registry.tombstone('orders', 'n1:4151'), 1)
  assert.deepEqual(fixture.hosts('orders'), ['n2'])
  assert.deepEqual(fixture.hosts('returns'), ['n1'])
  assert.deepEqual(fixture.nodes()[0], {
    ...fixture.nodes()[0],
    topics: ['orders', 'returns'],
    tombstones: [true, false],
  })
  fixture.register(node, 'orders', 'ship')
  assert.deepEqual(fixture.hosts('orders'), ['n2'], 'registering again does not lift it')
  fixture.clock.advance(44_999)
  assert.deepEqual(fixture.hosts('orders'), ['n2'])
  fixture.clock.advance(1)
  assert.deepEqual(fixture.hosts('orders'), ['n1', 'n2'])
  assert.deepEqual(fixture.nodes()[0]?.tombstones, [false, false])
})

test('a second tombstone begins the time anew', () => {
  const fixture = new Fixture()
  fixture.register(fixture.add('n1'), 'orders')
  fixture.registry.tombstone('orders', 'n1:4151')
  fixture.clock.advance(30_000)
  fixture.registry.tombstone('orders', 'n1:4151')
  fixture.clock.advance(30_000)
  assert.deepEqual(fixture.hosts('orders'), [])
})

test('unregistering and registering a topic lifts the tombstone', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  fixture.register(node, 'orders')
  fixture.registry.tombstone('orders', 'n1:4151')
  fixture.unregister(node, 'orders')
  fixture.clock.advance(100_000)
  assert.deepEqual(fixture.hosts('orders'), [], 'it stays away when it unregistered meanwhile')
  fixture.register(node, 'orders')
  assert.deepEqual(fixture.hosts('orders'), ['n1'])
})

test('a tombstone fits every node with the address, IPv6 with brackets or without', () => {
  const fixture = new Fixture()
  for (const host of ['fd00::1', '[fd00::2]', 'n1', 'n1']) {
    fixture.register(fixture.add(host), 'orders')
  }
  const { registry } = fixture
  assert.equal(registry.tombstone('orders', '[fd00::1]:4151'), 1)
  assert.equal(registry.tombstone('orders', 'fd00::1:4151'), 1)
  assert.equal(registry.tombstone('orders', '[fd00::2]:4151'), 1)
  assert.equal(registry.tombstone('orders', 'fd00::2:4151'), 1)
  assert.equal(registry.tombstone('orders', 'n1:4151'), 2)
  for (const stranger of ['n1:4150', 'n1', '', 'n2:4151', '*']) {
    assert.equal(registry.tombstone('orders', stranger), 0)
  }
  assert.equal(registry.tombstone('*', 'n1:4151'), 0)
})

test('deleting forgets who was there, and the nodes may come back', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1')
  fixture.register(node, 'orders', 'ship')
  fixture.register(node, 'returns')
  assert.equal(fixture.registry.deleteChannel('orders', 'ship'), true)
  assert.equal(fixture.registry.deleteChannel('orders', 'ship'), false)
  assert.deepEqual(fixture.counts(), [2, 0, 2])
  assert.equal(fixture.registry.deleteTopic('orders'), true)
  assert.equal(fixture.registry.deleteTopic('orders'), false)
  assert.equal(fixture.registry.deleteTopic('*'), false)
  assert.equal(fixture.hosts('orders'), undefined)
  fixture.registry.ping(node)
  assert.equal(fixture.hosts('orders'), undefined)
  fixture.register(node, 'orders', 'ship')
  assert.deepEqual(fixture.hosts('orders'), ['n1'])
  fixture.registry.removeNode(node)
  fixture.registry.removeNode(node)
  assert.deepEqual(fixture.counts(), [2, 1, 0])
})

test('one peer has a limited number of registrations', () => {
  const fixture = new Fixture({ maxRegistrationsPerPeer: 3 })
  const [greedy, modest] = [fixture.add('greedy'), fixture.add('modest')]
  fixture.register(greedy, 'a', 'c')
  fixture.register(greedy, 'b')
  assert.throws(() => fixture.register(greedy, 'd'), RegistryFullError)
  assert.throws(() => fixture.register(greedy, 'e', 'c'), /one peer, the limit is 3/)
  assert.deepEqual(fixture.topics, ['a', 'b'], 'a refused call changes nothing')
  fixture.register(greedy, 'a', 'c')
  fixture.register(modest, 'd')
  fixture.unregister(greedy, 'b')
  fixture.register(greedy, 'd')
})

test('all together have a limited number of registrations', () => {
  const fixture = new Fixture({ maxRegistrations: 4 })
  fixture.register(fixture.add('n1'), 'a', 'c')
  assert.deepEqual(fixture.counts(), [1, 1, 2])
  assert.throws(
    () => fixture.register(fixture.add('n2'), 'a'),
    /too many registrations, the limit is 4/,
  )
  assert.throws(() => fixture.registry.createTopic(topicOf('b')), RegistryFullError)
  fixture.registry.createTopic(topicOf('a'))
  fixture.registry.deleteChannel('a', 'c')
  fixture.registry.createTopic(topicOf('b'))
})

test('debug shows every entry under its key, with times in nanoseconds', () => {
  const fixture = new Fixture()
  const node = fixture.add('n1', { topologyZone: 'z<1>' })
  fixture.register(node, 'orders', 'ship')
  fixture.registry.createTopic(topicOf('empty'))
  fixture.clock.advance(1.5)
  fixture.registry.ping(node)
  fixture.registry.tombstone('orders', 'n1:4151')
  const json = debugJson(fixture.registry)
  assert.deepEqual(Object.keys(JSON.parse(json)), [
    'client::',
    'topic:orders:',
    'channel:orders:ship',
  ])
  const never = entry('"tombstoned":false,"tombstoned_at":0')
  const now = entry('"tombstoned":true,"tombstoned_at":1700000000001500000')
  assert.equal(json, `{"client::":${never},"topic:orders:":${now},"channel:orders:ship":${never}}`)
})

test('a node without topics is shown with empty lists', () => {
  const fixture = new Fixture()
  fixture.add('n1')
  assert.equal(
    nodesJson(fixture.registry),
    '{"producers":[{"remote_address":"127.0.0.1:50000","hostname":"n1","broadcast_address":"n1",' +
      '"tcp_port":4150,"http_port":4151,"version":"1.3.0","topology_zone":"","topology_region":"",' +
      '"tombstones":[],"topics":[]}]}',
  )
})

function entry(tombstone: string): string {
  return (
    '[{"broadcast_address":"n1","hostname":"n1","http_port":4151,"id":"127.0.0.1:50000",' +
    `"last_update":1700000000001500000,"tcp_port":4150,${tombstone},"topology_region":"",` +
    '"topology_zone":"z\\u003c1\\u003e","version":"1.3.0"}]'
  )
}
