import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'

import type { StatsSnapshot } from '../../src/stats/snapshot.ts'
import { expandPrefix, packLines, StatsdLines } from '../../src/stats/statsd-lines.ts'
import { startNsqd, WireClient } from '../support/running.ts'
import { waitUntil } from '../support/wait-until.ts'

const latency = { count: 1, percentiles: [{ quantile: 0.999, value: 1234 }] }

function snapshot(messageCount: number): StatsSnapshot {
  return {
    version: '1.3.0',
    health: 'OK',
    start_time: 0,
    topics: [
      {
        topic_name: 'orders.eu',
        channels: [
          {
            channel_name: 'billing',
            depth: 1,
            backend_depth: 2,
            in_flight_count: 3,
            deferred_count: 4,
            message_count: messageCount,
            requeue_count: 5,
            timeout_count: 6,
            client_count: 7,
            clients: null,
            paused: false,
            e2e_processing_latency: latency,
          },
          {
            channel_name: 'tail#ephemeral',
            depth: 0,
            backend_depth: 0,
            in_flight_count: 0,
            deferred_count: 0,
            message_count: 0,
            requeue_count: 0,
            timeout_count: 0,
            client_count: 0,
            clients: null,
            paused: false,
            e2e_processing_latency: latency,
          },
        ],
        depth: 8,
        backend_depth: 9,
        message_count: messageCount,
        message_bytes: messageCount * 10,
        paused: false,
        e2e_processing_latency: latency,
      },
    ],
    producers: null,
  }
}

describe('statsd lines', () => {
  it('have the names and the order of nsqd', () => {
    const lines = new StatsdLines('nsq.h_1.', new Map())
    lines.add(snapshot(10), { excludeEphemeral: true })
    assert.deepEqual(lines.lines, [
      'nsq.h_1.topic.orders.eu.message_count:10|c',
      'nsq.h_1.topic.orders.eu.message_bytes:100|c',
      'nsq.h_1.topic.orders.eu.depth:8|g',
      'nsq.h_1.topic.orders.eu.backend_depth:9|g',
      'nsq.h_1.topic.orders.eu.e2e_processing_latency_100:1234|g',
      'nsq.h_1.topic.orders.eu.channel.billing.message_count:10|c',
      'nsq.h_1.topic.orders.eu.channel.billing.depth:1|g',
      'nsq.h_1.topic.orders.eu.channel.billing.backend_depth:2|g',
      'nsq.h_1.topic.orders.eu.channel.billing.in_flight_count:3|g',
      'nsq.h_1.topic.orders.eu.channel.billing.deferred_count:4|g',
      'nsq.h_1.topic.orders.eu.channel.billing.requeue_count:5|c',
      'nsq.h_1.topic.orders.eu.channel.billing.timeout_count:6|c',
      'nsq.h_1.topic.orders.eu.channel.billing.clients:7|g',
      'nsq.h_1.topic.orders.eu.channel.billing.e2e_processing_latency_100:1234|g',
    ])
  })

  it('tell counters as differences, in full after a topic was made anew', () => {
    const first = new StatsdLines('', new Map())
    first.add(snapshot(10), { excludeEphemeral: false })
    const second = new StatsdLines('', first.counters)
    second.add(snapshot(25), { excludeEphemeral: false })
    assert.equal(second.lines[0], 'topic.orders.eu.message_count:15|c')
    assert.ok(second.lines.includes('topic.orders.eu.channel.billing.requeue_count:0|c'))
    assert.ok(second.lines.includes('topic.orders.eu.channel.tail#ephemeral.depth:0|g'))
    const third = new StatsdLines('', second.counters)
    third.add(snapshot(3), { excludeEphemeral: false })
    assert.equal(third.lines[0], 'topic.orders.eu.message_count:3|c')
  })

  it('are packed without splitting any', () => {
    const packets = packLines(['aaaa', 'bbbb', 'c'.repeat(20), 'd'], 10)
    assert.deepEqual(
      packets.map((packet) => packet.toString()),
      ['aaaa\nbbbb\n', `${'c'.repeat(20)}\n`, 'd\n'],
    )
    assert.deepEqual(packLines([], 10), [])
  })

  it('open with the prefix, the address in it with underscores', () => {
    assert.equal(expandPrefix('nsq.%s', 'my.host.example:4151'), 'nsq.my_host_example_4151.')
    assert.equal(expandPrefix('a.%s.%s.', 'h:1'), 'a.h_1.h_1.')
    assert.equal(expandPrefix('', 'h:1'), '')
  })
})

async function listener(t: TestContext): Promise<{ socket: Socket; packets: Buffer[] }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  const packets: Buffer[] = []
  socket.on('message', (packet) => packets.push(packet))
  return { socket, packets }
}

describe('the push to statsd', () => {
  it('arrives in small packets, with memory figures', async (t) => {
    const { socket, packets } = await listener(t)
    const { port } = socket.address()
    const nsqd = await startNsqd(t, {
      statsdAddress: `127.0.0.1:${port}`,
      statsdIntervalMs: 200,
      broadcastAddress: 'a.host',
    })
    const client = await WireClient.connect(t, nsqd.tcpAddress)
    await client.publish('orders', 'hello')
    const text = (): string => packets.map(String).join('')
    await waitUntil(() => text().includes('.mem.gc_runs:'), 'the end of a push')
    const prefix = `nsq.a_host_${nsqd.httpPort}.`
    const lines = text().trimEnd().split('\n')
    assert.ok(lines.every((line) => line.startsWith(prefix)))
    assert.ok(lines.includes(`${prefix}topic.orders.message_count:1|c`))
    assert.ok(lines.includes(`${prefix}topic.orders.message_bytes:5|c`))
    assert.ok(lines.some((line) => line.startsWith(`${prefix}mem.heap_in_use_bytes:`)))
    assert.ok(packets.every((packet) => packet.length <= 508 && packet.at(-1) === 10))
  })

  it('is spread over the interval, and goes at once when nsqd stops', async (t) => {
    const { socket, packets } = await listener(t)
    const { port } = socket.address()
    const nsqd = await startNsqd(t, {
      statsdAddress: `127.0.0.1:${port}`,
      statsdIntervalMs: 1_400,
      statsdUdpPacketSize: 1,
    })
    nsqd.topics.topic('quiet' as never)
    await waitUntil(() => packets.length >= 3, 'the first packets')
    const spread = packets.length
    assert.ok(spread < 13, `${spread} packets at once`)
    await nsqd.close()
    await waitUntil(() => packets.length === 13, 'the rest')
  })

  it('that nobody takes is a warning, not a failure', async (t) => {
    const nsqd = await startNsqd(t, {
      statsdAddress: 'no-such-host.invalid:1',
      statsdIntervalMs: 100,
    })
    await new Promise((resolve) => setTimeout(resolve, 250))
    assert.equal(nsqd.health, 'OK')
  })
})
