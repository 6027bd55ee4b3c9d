// The registry as the HTTP API shows it. JSON is put together from parts that are JSON already: what /lookup says of a
// node never changes, and /debug has numbers beyond 2^53.

import { goJson } from '@tsq/daemon'

import type { RegisteredNode } from './registered-node.ts'
import type { Registry } from './registry.ts'
import { NO_TOMBSTONE, type TopicRecord } from './topic-record.ts'

/** Asked by every consumer, all the time: no work but for the nodes shown. Undefined for an unknown topic. */
export function lookupJson(registry: Registry, topicName: string): string | undefined {
  const topic = registry.topic(topicName)
  if (topic === undefined) return undefined
  let producers = ''
  for (const node of topic.nodes) {
    if (!registry.isActive(node) || registry.isTombstoned(topic.tombstonedAt(node))) continue
    producers += `${producers === '' ? '' : ','}{${node.jsonFields}}`
  }
  return `{"channels":${goJson(channelNames(topic))},"producers":[${producers}]}`
}

export function topicNames(registry: Registry): string[] {
  return registry.topics().map(({ name }) => name)
}

export function channelNames(topic: TopicRecord): string[] {
  return [...topic.channels.keys()].toSorted()
}

/** Every active node with its topics, by name, and which of them are tombstoned. */
export function nodesJson(registry: Registry): string {
  const topics = registry.topics()
  const names = topics.map(({ name }) => goJson(name))
  const places = new Map(topics.map((topic, place) => [topic, place]))
  const producers: string[] = []
  // Node by node, since lists of all of them at once are most of what a call takes (bench/lookup.ts).
  for (const node of registry.nodes) {
    if (!registry.isActive(node)) continue
    const own = Uint32Array.from(node.topics(), (topic) => places.get(topic)!).toSorted()
    const tombstones = Array.from(own, (place) =>
      registry.isTombstoned(topics[place]!.tombstonedAt(node)),
    )
    const ownNames = Array.from(own, (place) => names[place]!)
    producers.push(
      `{${node.jsonFields},"tombstones":[${tombstones.join(',')}],"topics":[${ownNames.join(',')}]}`,
    )
  }
  return `{"producers":[${producers.join(',')}]}`
}

/** Everything there is: `category:key:subkey` to who is registered there. Names that nobody carries are left out. */
export function debugJson(registry: Registry): string {
  const keys: string[] = []
  const add = (key: string, entries: readonly string[]): void => {
    if (entries.length > 0) keys.push(`${goJson(key)}:[${entries.join(',')}]`)
  }
  add(
    'client::',
    Array.from(registry.nodes, (node) => debugEntry(registry, node, NO_TOMBSTONE)),
  )
  for (const topic of registry.topics()) {
    add(
      `topic:${topic.name}:`,
      Array.from(topic.nodes, (node) => debugEntry(registry, node, topic.tombstonedAt(node))),
    )
    for (const name of channelNames(topic)) {
      const nodes = topic.channels.get(name) ?? []
      add(
        `channel:${topic.name}:${name}`,
        Array.from(nodes, (node) => debugEntry(registry, node, NO_TOMBSTONE)),
      )
    }
  }
  return `{${keys.join(',')}}`
}

// Keys in the order of the alphabet, as nsqlookupd 1.3.0 has them.
function debugEntry(registry: Registry, node: RegisteredNode, tombstonedAt: number): string {
  const { identity } = node
  const isTombstoned = tombstonedAt !== NO_TOMBSTONE
  const about = goJson({
    broadcast_address: identity.broadcastAddress,
    hostname: identity.hostname,
    http_port: identity.httpPort,
    id: identity.remoteAddress,
  })
  const more = goJson({
    topology_region: identity.topologyRegion,
    topology_zone: identity.topologyZone,
    version: identity.version,
  })
  const times =
    `"last_update":${unixNs(registry, node.lastUpdate)},"tcp_port":${identity.tcpPort},` +
    `"tombstoned":${isTombstoned},"tombstoned_at":${isTombstoned ? unixNs(registry, tombstonedAt) : 0}`
  return `${about.slice(0, -1)},${times},${more.slice(1)}`
}

function unixNs(registry: Registry, moment: number): string {
  const micros = Math.round(registry.clock.wallMs(moment) * 1_000)
  return `${micros}000`
}
