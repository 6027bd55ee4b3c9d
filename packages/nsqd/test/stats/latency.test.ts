import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { resolveOptions } from '@tsq/daemon'

import { nsqdOptions, nsqdRules } from '../../src/index.ts'
import type { StatsSnapshot } from '../../src/stats/snapshot.ts'
import { get, startNsqd, WireClient } from '../support/running.ts'
import { waitUntil } from '../support/wait-until.ts'

const HELD_MS = 60

async function statsOf(nsqd: Parameters<typeof get>[0]): Promise<StatsSnapshot> {
  return JSON.parse(await get(nsqd, '/stats?format=json')) as StatsSnapshot
}

describe('end-to-end latency', () => {
  it('is the time from publish to FIN, redeliveries included, per channel and topic', async (t) => {
    const nsqd = await startNsqd(t, { e2eLatencyPercentiles: [1, 0.5] })
    const client = await WireClient.connect(t, nsqd.tcpAddress)
    for (const body of ['a', 'b']) await client.publish('orders', body)
    await client.subscribe('orders', 'billing', 10)
    const [first, second] = await client.take(2)
    client.finish(first!)
    client.send(`REQ ${second!.id} 0\n`)
    const [again] = await client.take(1)
    await sleep(HELD_MS)
    client.finish(again!)
    await waitUntil(async () => {
      const stats = await statsOf(nsqd)
      return stats.topics![0]!.e2e_processing_latency.count === 2
    }, 'two FINs')
    const topic = (await statsOf(nsqd)).topics![0]!
    assert.deepEqual(topic.channels[0]!.e2e_processing_latency, topic.e2e_processing_latency)
    const [highest, middle] = topic.e2e_processing_latency.percentiles!
    assert.equal(highest!.quantile, 1)
    assert.ok(highest!.value >= HELD_MS * 1e6 * 0.98, `${highest!.value} ns`)
    assert.ok(highest!.value < 10_000e6, `${highest!.value} ns`)
    assert.ok(middle!.value > 0 && middle!.value < highest!.value)
    const text = await get(nsqd, '/stats')
    assert.match(text, /\[orders {9}\] .* e2e%: \d+\.\dms, \d+\.\d[mu]s\n/)
  })

  it('reads 0 before the first FIN, and is null when not asked for', async (t) => {
    const asked = await startNsqd(t, { e2eLatencyPercentiles: [0.99] })
    asked.topics.topic('t' as never)
    assert.deepEqual((await statsOf(asked)).topics![0]!.e2e_processing_latency, {
      count: 0,
      percentiles: null,
    })
    asked.topics.find('t')!.channel('c' as never)
    assert.deepEqual((await statsOf(asked)).topics![0]!.e2e_processing_latency, {
      count: 0,
      percentiles: [{ quantile: 0.99, value: 0 }],
    })
    assert.match(await get(asked, '/stats'), /e2e%: 0\.0ns\n/)
    const unasked = await startNsqd(t)
    unasked.topics.topic('t' as never)
    assert.deepEqual((await statsOf(unasked)).topics![0]!.e2e_processing_latency, {
      count: 0,
      percentiles: null,
    })
    assert.match(await get(unasked, '/stats'), /e2e%: \n/)
  })

  it('takes its percentiles from repeated flags and commas, highest first', () => {
    const flag = '--e2e-processing-latency-percentile'
    const given = resolveOptions(nsqdOptions, {
      program: 'nsqd',
      argv: [`${flag}=0.5,0.99`, `${flag}=1.0`],
      rules: nsqdRules,
    })
    assert.equal(given.kind, 'options')
    if (given.kind === 'options')
      assert.deepEqual(given.values.e2eLatencyPercentiles, [1, 0.99, 0.5])
    const wrong = resolveOptions(nsqdOptions, {
      program: 'nsqd',
      argv: [`${flag}=1.5`],
      rules: nsqdRules,
    })
    assert.equal(wrong.kind, 'error')
    if (wrong.kind === 'error') {
      assert.equal(wrong.message, 'invalid E2E processing latency percentile: 1.5')
    }
  })
})
