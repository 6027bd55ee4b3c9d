import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Nsqd } from '../../src/index.ts'
import { type ParsedMetric, parsePrometheus } from '../support/prometheus-text.ts'
import { get, post, startNsqd, WireClient } from '../support/running.ts'
import { waitUntil } from '../support/wait-until.ts'

async function scrape(nsqd: Nsqd): Promise<Map<string, ParsedMetric>> {
  return parsePrometheus(await get(nsqd, '/metrics'))
}

function valueOf(
  metrics: ReadonlyMap<string, ParsedMetric>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = Object.entries(labels)
  return metrics
    .get(name)
    ?.samples.find((sample) => wanted.every(([label, text]) => sample.labels.get(label) === text))
    ?.value
}

/** The topics that have figures, in order. */
function topicsIn(metrics: ReadonlyMap<string, ParsedMetric>): (string | undefined)[] {
  return metrics.get('nsqd_topic_messages_total')!.samples.map(({ labels }) => labels.get('topic'))
}

describe('/metrics', () => {
  it('tells what happened to topics, channels and clients', async (t) => {
    const nsqd = await startNsqd(t, { e2eLatencyPercentiles: [0.99] })
    const producer = await WireClient.connect(t, nsqd.tcpAddress)
    for (const body of ['one', 'two', 'three']) await producer.publish('orders', body)
    const consumer = await WireClient.connect(t, nsqd.tcpAddress)
    await consumer.subscribe('orders', 'billing', 2)
    const [first, second] = await consumer.take(2)
    consumer.finish(first!)
    consumer.send(`REQ ${second!.id} 60000\n`)
    await consumer.take(1)
    const metrics = await scrape(nsqd)
    const topic = { topic: 'orders' }
    assert.equal(valueOf(metrics, 'nsqd_topic_messages_total', topic), 3)
    assert.equal(valueOf(metrics, 'nsqd_topic_message_bytes_total', topic), 11)
    assert.equal(valueOf(metrics, 'nsqd_topic_segments', topic), 1)
    assert.ok(valueOf(metrics, 'nsqd_topic_disk_bytes', topic)! > 100)
    assert.ok(valueOf(metrics, 'nsqd_topic_tail_bytes', topic)! > 0)
    const channel = { topic: 'orders', channel: 'billing' }
    assert.equal(valueOf(metrics, 'nsqd_channel_messages_total', channel), 3)
    assert.equal(valueOf(metrics, 'nsqd_channel_in_flight', channel), 1)
    assert.equal(valueOf(metrics, 'nsqd_channel_deferred', channel), 1)
    assert.equal(valueOf(metrics, 'nsqd_channel_requeues_total', channel), 1)
    assert.equal(valueOf(metrics, 'nsqd_channel_clients', channel), 1)
    const latency = metrics.get('nsqd_channel_e2e_latency_seconds')!
    assert.equal(latency.samples.at(-1)!.name, 'nsqd_channel_e2e_latency_seconds_count')
    assert.equal(latency.samples.at(-1)!.value, 1)
    assert.equal(valueOf(metrics, 'nsqd_clients', { role: 'consumer' }), 1)
    assert.equal(valueOf(metrics, 'nsqd_clients', { role: 'producer' }), 1)
    assert.equal(valueOf(metrics, 'nsqd_healthy'), 1)
    assert.equal(valueOf(metrics, 'nsqd_log_commits_total'), 3)
    assert.equal(valueOf(metrics, 'nsqd_log_failures_total', { operation: 'write' }), 0)
    assert.ok(valueOf(metrics, 'nsqd_event_loop_busy_seconds_total')! > 0)
  })

  it('leaves latencies out where nobody asked for them', async (t) => {
    const nsqd = await startNsqd(t)
    assert.ok(!(await scrape(nsqd)).has('nsqd_channel_e2e_latency_seconds'))
  })

  it('is bounded: what is past --metrics-max-series is summed, and its counters only rise', async (t) => {
    const nsqd = await startNsqd(t, { metricsMaxSeries: 2 })
    for (const name of ['a', 'b', 'c', 'd']) {
      await post(nsqd, `/pub?topic=${name}`, 'x')
      await post(nsqd, `/channel/create?topic=${name}&channel=ch`)
    }
    const first = await scrape(nsqd)
    assert.deepEqual(topicsIn(first), ['a', 'b', '(other)'])
    const other = { topic: '(other)' }
    assert.equal(valueOf(first, 'nsqd_topic_messages_total', other), 2)
    const otherChannel = { topic: '(other)', channel: '(other)' }
    assert.equal(valueOf(first, 'nsqd_channel_depth', otherChannel), 2)
    await post(nsqd, '/topic/delete?topic=c')
    await post(nsqd, '/topic/delete?topic=a')
    await post(nsqd, '/pub?topic=d', 'x')
    await post(nsqd, '/pub?topic=e', 'x')
    const second = await scrape(nsqd)
    assert.deepEqual(topicsIn(second), ['b', 'e', '(other)'])
    assert.equal(valueOf(second, 'nsqd_topic_messages_total', other), 3)
    assert.equal(valueOf(second, 'nsqd_topic_depth', other), 0)
  })

  it('tells how late the event loop was', async (t) => {
    const nsqd = await startNsqd(t)
    await scrape(nsqd)
    const end = performance.now() + 150
    while (performance.now() < end);
    await waitUntil(async () => {
      const delays = (await scrape(nsqd)).get('nsqd_event_loop_delay_seconds')!
      const upTo100Ms = delays.samples.find(({ labels }) => labels.get('le') === '0.1')!
      return delays.samples.at(-1)!.value > upTo100Ms.value
    }, 'the delay')
  })
})
