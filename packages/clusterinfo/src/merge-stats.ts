// Makes one of what several nodes say. Nothing that goes in is changed.

import { mergeLatencies } from './latency.ts'
import { compareText } from './node-info.ts'
import { deliveryCounts } from './stats-in.ts'
import type { ChannelStats, ClientStats, TopicStats } from './stats.ts'

/** A topic over the nodes that have it; all zeros and nulls when none has. */
export function mergeTopic(name: string, nodes: readonly TopicStats[]): TopicStats {
  const channels = mergeChannels(nodes.flatMap((node) => node.channels ?? []))
  const latencies = nodes.map((node) => node.e2e_processing_latency).filter((one) => one !== null)
  return {
    node: nodes.length === 0 ? '' : '*',
    hostname: '',
    topic_name: name,
    depth: sum(nodes, (node) => node.depth),
    memory_depth: sum(nodes, (node) => node.memory_depth),
    backend_depth: sum(nodes, (node) => node.backend_depth),
    message_count: sum(nodes, (node) => node.message_count),
    nodes: nodes.length === 0 ? null : byHost(nodes),
    channels: channels.length === 0 ? null : channels,
    paused: nodes.some((node) => node.paused),
    e2e_processing_latency: nodes.length === 0 ? null : mergeLatencies(latencies, name, ''),
  }
}

/** The channels of several nodes by name, sorted. */
export function mergeChannels(channels: readonly ChannelStats[]): ChannelStats[] {
  const byName = new Map<string, ChannelStats[]>()
  for (const channel of channels) {
    const same = byName.get(channel.channel_name)
    if (same === undefined) byName.set(channel.channel_name, [channel])
    else same.push(channel)
  }
  return [...byName.values()]
    .map((nodes) => mergeChannel(nodes))
    .toSorted((a, b) => compareText(a.channel_name, b.channel_name))
}

/** A channel over the nodes that have it: one at least. */
export function mergeChannel(nodes: readonly ChannelStats[]): ChannelStats {
  const topic = nodes[0]?.topic_name ?? ''
  const name = nodes[0]?.channel_name ?? ''
  const clients = nodes.flatMap((node) => node.clients ?? [])
  return {
    node: '*',
    hostname: '',
    topic_name: topic,
    channel_name: name,
    depth: sum(nodes, (node) => node.depth),
    memory_depth: sum(nodes, (node) => node.memory_depth),
    backend_depth: sum(nodes, (node) => node.backend_depth),
    in_flight_count: sum(nodes, (node) => node.in_flight_count),
    deferred_count: sum(nodes, (node) => node.deferred_count),
    requeue_count: sum(nodes, (node) => node.requeue_count),
    timeout_count: sum(nodes, (node) => node.timeout_count),
    message_count: sum(nodes, (node) => node.message_count),
    ...deliveryCounts(
      sum(nodes, (node) => node.zone_local_msg_count ?? 0),
      sum(nodes, (node) => node.region_local_msg_count ?? 0),
      sum(nodes, (node) => node.global_msg_count ?? 0),
    ),
    client_count: sum(nodes, (node) => node.client_count),
    nodes: byHost(nodes),
    clients: clients.length === 0 ? null : clients.toSorted(compareClients),
    paused: nodes.some((node) => node.paused),
    e2e_processing_latency: mergeLatencies(
      nodes.map((node) => node.e2e_processing_latency),
      topic,
      name,
    ),
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}

function byHost<T extends { readonly hostname: string; readonly node: string }>(
  nodes: readonly T[],
): T[] {
  return nodes.toSorted(
    (a, b) => compareText(a.hostname, b.hostname) || compareText(a.node, b.node),
  )
}

/** By node; there first who is in its zone, then who is in its region, then the others by region and zone. */
function compareClients(left: ClientStats, right: ClientStats): number {
  return (
    compareText(left.node, right.node) ||
    distance(left) - distance(right) ||
    compareText(left.topology_region ?? '', right.topology_region ?? '') ||
    compareText(left.topology_zone ?? '', right.topology_zone ?? '') ||
    compareText(left.remote_address, right.remote_address)
  )
}

function distance(client: ClientStats): number {
  if ((client.topology_region ?? '') !== (client.node_topology_region ?? '')) return 2
  return (client.topology_zone ?? '') === (client.node_topology_zone ?? '') ? 0 : 1
}
