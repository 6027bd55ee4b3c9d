import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { mergeTopic, type NodeInfo, type TopicStats } from '../src/index.ts'
import { topicStatsIn } from '../src/stats-in.ts'

function nodeAt(port: number, more: Partial<NodeInfo> = {}): NodeInfo {
  return {
    remote_addresses: null,
    remote_address: '',
    hostname: `h${port}`,
    broadcast_address: '127.0.0.1',
    tcp_port: port - 1,
    http_port: port,
    version: '1.3.0',
    topics: null,
    out_of_date: false,
    ...more,
  }
}

function statsOf(node: NodeInfo, topic: object, now = 0): TopicStats[] {
  return topicStatsIn({ topics: [{ topic_name: 't', ...topic }] }, node, now)
}

function latencyOf(count: number, value: number): object {
  return { e2e_processing_latency: { count, percentiles: [{ quantile: 0.99, value }] } }
}

function clientOf(id: string, region: string, zone: string): object {
  return { client_id: id, topology_region: region, topology_zone: zone, connect_ts: 100 }
}

const CHANNEL = {
  channel_name: 'c',
  depth: 5,
  backend_depth: 2,
  in_flight_count: 1,
  deferred_count: 2,
  message_count: 10,
  requeue_count: 3,
  timeout_count: 4,
  client_count: 1,
  global_msg_count: 6,
  zone_local_msg_count: 1,
}

void suite('the statistics of several nodes', () => {
  void test('are added up, and each node is still there as it was', () => {
    const nodes = [
      ...statsOf(nodeAt(2), { depth: 3, backend_depth: 1, message_count: 7, channels: [CHANNEL] }),
      ...statsOf(nodeAt(1), { depth: 1, message_count: 2, paused: true, channels: [CHANNEL] }),
    ]
    const before = structuredClone(nodes)
    const merged = mergeTopic('t', nodes)
    assert.deepEqual(nodes, before, 'what goes in is not changed')
    const { node, depth, memory_depth: memory, message_count: messages, paused } = merged
    assert.deepEqual([node, depth, memory, messages, paused], ['*', 4, 3, 9, true])
    const [channel] = merged.channels ?? []
    assert.deepEqual(
      [channel?.depth, channel?.delivery_msg_count, channel?.zone_local_msg_count],
      [10, 14, 2],
    )
    assert.ok(channel !== undefined && !('region_local_msg_count' in channel))
    assert.deepEqual(
      channel.nodes?.map((one) => [one.node, one.depth]),
      [
        ['127.0.0.1:1', 5],
        ['127.0.0.1:2', 5],
      ],
    )
    assert.deepEqual(
      merged.nodes?.map((one) => one.channels?.[0]?.depth),
      [5, 5],
    )
  })

  void test('of no node are zeros and nulls', () => {
    const { node, nodes, channels, e2e_processing_latency: latency } = mergeTopic('t', [])
    assert.deepEqual([node, nodes, channels, latency], ['', null, null, null])
  })

  void test('percentiles have the least, the greatest and the weighted mean', () => {
    const merged = mergeTopic('t', [
      ...statsOf(nodeAt(1), latencyOf(1, 100)),
      ...statsOf(nodeAt(2), latencyOf(3, 20)),
      ...statsOf(nodeAt(3), {}),
    ])
    assert.deepEqual(merged.e2e_processing_latency, {
      count: 4,
      percentiles: [{ quantile: 0.99, min: 20, max: 100, average: 40, count: 4 }],
      topic: 't',
      channel: '',
      host: '*',
    })
    assert.deepEqual(
      statsOf(nodeAt(1), latencyOf(1, 100))[0]?.e2e_processing_latency?.percentiles,
      [{ quantile: 0.99, min: 100, max: 100, average: 100, count: 1, value: 100 }],
    )
  })

  void test('clients come by node, those of its zone first, then of its region', () => {
    const clients = [
      clientOf('far', 'r2', 'z1'),
      clientOf('region', 'r1', 'z2'),
      clientOf('zone', 'r1', 'z1'),
      clientOf('none', '', ''),
    ]
    const node = nodeAt(1, { topology_region: 'r1', topology_zone: 'z1' })
    const merged = mergeTopic(
      't',
      statsOf(node, { channels: [{ channel_name: 'c', clients }] }, 103_900),
    )
    assert.deepEqual(
      merged.channels?.[0]?.clients?.map((one) => one.client_id),
      ['zone', 'region', 'none', 'far'],
    )
    assert.equal(merged.channels?.[0]?.clients?.[0]?.connected, 3_000_000_000)
  })

  void test('that have the wrong shape are refused', () => {
    for (const topic of [{ depth: '7' }, { channels: {} }, { channels: [3] }, { paused: 1 }]) {
      assert.throws(() => statsOf(nodeAt(1), topic), { code: 'ERR_SHAPE' })
    }
  })
})
