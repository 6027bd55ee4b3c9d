// Reads a nsqd's answer to /stats?format=json.

import { latencyIn } from './latency.ts'
import { httpAddressOf, type NodeInfo } from './node-info.ts'
import { flagIn, type Json, listIn, numberIn, objectIn, textIn } from './shapes.ts'
import type { ChannelStats, ClientStats, DeliveryCounts, TopicStats } from './stats.ts'

const NANOS_PER_SECOND = 1e9

/** Whose answer it is, and when it came. */
interface From {
  readonly node: NodeInfo
  readonly address: string
  /** Seconds since 1970. */
  readonly now: number
}

/**
 * The topics of a nsqd, each as that node has it.
 *
 * @param now milliseconds since 1970, for how long clients have been connected.
 * @throws {ShapeError}
 */
export function topicStatsIn(json: Json, node: NodeInfo, now: number): TopicStats[] {
  const from = { node, address: httpAddressOf(node), now: Math.floor(now / 1_000) }
  return listIn(json, 'topics').map((value) => oneTopic(objectIn(value, 'a topic'), from))
}

/** The names of the topics of a nsqd. @throws {ShapeError} */
export function topicNamesIn(json: Json): string[] {
  return listIn(json, 'topics').map((value) => textIn(objectIn(value, 'a topic'), 'topic_name'))
}

function oneTopic(json: Json, from: From): TopicStats {
  const name = textIn(json, 'topic_name')
  const depth = numberIn(json, 'depth')
  const backendDepth = numberIn(json, 'backend_depth')
  return {
    node: from.address,
    hostname: from.node.hostname,
    topic_name: name,
    depth,
    memory_depth: depth - backendDepth,
    backend_depth: backendDepth,
    message_count: numberIn(json, 'message_count'),
    nodes: null,
    channels: listIn(json, 'channels').map((value) =>
      oneChannel(objectIn(value, 'a channel'), name, from),
    ),
    paused: flagIn(json, 'paused'),
    e2e_processing_latency: latencyIn(json),
  }
}

function oneChannel(json: Json, topic: string, from: From): ChannelStats {
  const depth = numberIn(json, 'depth')
  const backendDepth = numberIn(json, 'backend_depth')
  const hasClients = Array.isArray(json['clients'])
  return {
    node: from.address,
    hostname: from.node.hostname,
    topic_name: topic,
    channel_name: textIn(json, 'channel_name'),
    depth,
    memory_depth: depth - backendDepth,
    backend_depth: backendDepth,
    in_flight_count: numberIn(json, 'in_flight_count'),
    deferred_count: numberIn(json, 'deferred_count'),
    requeue_count: numberIn(json, 'requeue_count'),
    timeout_count: numberIn(json, 'timeout_count'),
    message_count: numberIn(json, 'message_count'),
    ...deliveryCounts(
      numberIn(json, 'zone_local_msg_count'),
      numberIn(json, 'region_local_msg_count'),
      numberIn(json, 'global_msg_count'),
    ),
    client_count: numberIn(json, 'client_count'),
    nodes: null,
    clients: hasClients
      ? listIn(json, 'clients').map((value) => oneClient(objectIn(value, 'a client'), from))
      : null,
    paused: flagIn(json, 'paused'),
    e2e_processing_latency: latencyIn(json),
  }
}

/** Leaves out what is 0, as nsqd does. */
export function deliveryCounts(zone: number, region: number, global: number): DeliveryCounts {
  const all = zone + region + global
  return {
    ...(all === 0 ? {} : { delivery_msg_count: all }),
    ...(zone === 0 ? {} : { zone_local_msg_count: zone }),
    ...(region === 0 ? {} : { region_local_msg_count: region }),
    ...(global === 0 ? {} : { global_msg_count: global }),
  }
}

function oneClient(json: Json, { node, address, now }: From): ClientStats {
  const connectedAt = numberIn(json, 'connect_ts')
  return {
    node: address,
    remote_address: textIn(json, 'remote_address'),
    version: textIn(json, 'version'),
    client_id: textIn(json, 'client_id'),
    hostname: textIn(json, 'hostname'),
    user_agent: textIn(json, 'user_agent'),
    connect_ts: connectedAt,
    connected: (now - connectedAt) * NANOS_PER_SECOND,
    in_flight_count: numberIn(json, 'in_flight_count'),
    ready_count: numberIn(json, 'ready_count'),
    finish_count: numberIn(json, 'finish_count'),
    requeue_count: numberIn(json, 'requeue_count'),
    message_count: numberIn(json, 'message_count'),
    sample_rate: numberIn(json, 'sample_rate'),
    deflate: flagIn(json, 'deflate'),
    snappy: flagIn(json, 'snappy'),
    authed: flagIn(json, 'authed'),
    auth_identity: textIn(json, 'auth_identity'),
    auth_identity_url: textIn(json, 'auth_identity_url'),
    ...named('node_topology_region', node.topology_region),
    ...named('node_topology_zone', node.topology_zone),
    ...named('topology_region', textIn(json, 'topology_region')),
    ...named('topology_zone', textIn(json, 'topology_zone')),
    tls: flagIn(json, 'tls'),
    tls_cipher_suite: textIn(json, 'tls_cipher_suite'),
    tls_version: textIn(json, 'tls_version'),
    tls_negotiated_protocol: textIn(json, 'tls_negotiated_protocol'),
    tls_negotiated_protocol_is_mutual: flagIn(json, 'tls_negotiated_protocol_is_mutual'),
  }
}

function named<N extends string>(
  name: N,
  text: string | undefined,
): { readonly [K in N]?: string } {
  return (text === undefined || text === '' ? {} : { [name]: text }) as {
    readonly [K in N]?: string
  }
}
