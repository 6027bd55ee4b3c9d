import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { Consumer, Producer, ProducerPool, type ConsumerOptions } from '@tsq/client'

import { Nsqd, Nsqlookupd } from './daemons.ts'
import type { Shared } from './shared.ts'
import { until } from '@tsq/testing'

const QUICK = { reconnectMinMs: 10, reconnectMaxMs: 50 }

function consumerAt(nsqd: Nsqd, given: Partial<ConsumerOptions> = {}): Consumer {
  return new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address, ...QUICK, ...given })
}

export function consumerTests(shared: Shared): void {
  const { programs } = shared

  void test('5. messages flow again after a restart of nsqd, in order or killed', async () => {
    await using nsqd = await Nsqd.start(programs)
    await using producer = new Producer({ nsqd: nsqd.address, ...QUICK })
    await using consumer = consumerAt(nsqd)
    const seen: string[] = []
    consumer.run((message) => void seen.push(message.text()))
    await producer.publish('t', 'first')
    await until('the first', () => seen.includes('first'))
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await nsqd.kill(signal)
      const publishing = producer.publish('t', `during ${signal}`)
      await nsqd.start()
      await publishing
      await until(`the one during ${signal}`, () => seen.includes(`during ${signal}`))
    }
  })

  void test('5. nsqlookupd tells consumer and pool where nsqd is, also after a restart', async () => {
    await using lookupd = await Nsqlookupd.start(programs)
    const announce = `--lookupd-tcp-address=${lookupd.tcpAddress}`
    await using one = await Nsqd.start(programs, announce)
    await using _two = await Nsqd.start(programs, announce)
    const polling = { lookupd: lookupd.httpAddress, lookupdPollIntervalMs: 50 }
    await using pool = new ProducerPool({ ...polling, ...QUICK })
    const connected = (): number => pool.nodes.filter(({ isConnected }) => isConnected).length
    await until('the pool has both', () => connected() === 2)
    for (let i = 0; i < 10; i++) await pool.publish('t', `m${i}`)
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      maxInFlight: 10,
      ...polling,
      ...QUICK,
    })
    const seen = new Set<string>()
    consumer.run((message) => void seen.add(message.text()))
    await until('10 messages', () => seen.size === 10)
    assert.equal(consumer.stats.connections, 2)
    await one.kill()
    for (let i = 10; i < 20; i++) await pool.publish('t', `m${i}`)
    await until('10 more, from the other', () => seen.size === 20)
    await one.start()
    await until('the first is back', () => consumer.stats.connections === 2 && connected() === 2)
    for (let i = 20; i < 30; i++) await pool.publish('t', `m${i}`)
    await until('10 more, from both', () => seen.size === 30)
  })

  void test('6. closing loses no message and has none handled twice', async () => {
    const nsqd = await shared.plain()
    const topic = shared.topic()
    await using producer = new Producer({ nsqd: nsqd.address })
    const count = 3_000
    await producer.publishMany(
      topic,
      Array.from({ length: count }, (_, i) => `m${i}`),
    )
    const seen: string[] = []
    for (let i = 0; i < 10; i++) {
      const consumer = consumerAt(nsqd, { topic, maxInFlight: 100 })
      consumer.run(async (message) => {
        await pause(1)
        seen.push(message.text())
      })
      const enough = seen.length + 100
      await until('some messages', () => seen.length >= enough)
      await consumer.close()
    }
    await using last = consumerAt(nsqd, { topic, maxInFlight: 100 })
    last.run((message) => void seen.push(message.text()))
    await until('every message', () => new Set(seen).size === count)
    assert.equal(seen.length, count)
  })

  void test('6. closing waits for a handler that is at work', async () => {
    const nsqd = await shared.plain()
    const topic = shared.topic()
    await using producer = new Producer({ nsqd: nsqd.address })
    await producer.publish(topic, 'slow')
    const consumer = consumerAt(nsqd, { topic })
    let state = 'waiting'
    consumer.run(async () => {
      state = 'working'
      await pause(300)
      state = 'done'
    })
    await until('the handler works', () => state === 'working')
    await consumer.close()
    assert.equal(state, 'done')
    await until('nsqd has nothing left', async () => {
      const channel = await nsqd.channel(topic, 'c')
      return channel?.depth === 0 && channel.in_flight_count === 0
    })
  })

  void test('a deferred message comes when it is due', async () => {
    const nsqd = await shared.plain()
    const topic = shared.topic()
    await using producer = new Producer({ nsqd: nsqd.address })
    await using consumer = consumerAt(nsqd, { topic })
    let tookMs = 0
    const startedAt = performance.now()
    consumer.run(() => {
      tookMs = performance.now() - startedAt
    })
    await producer.publishDeferred(topic, 'later', 300)
    await until('the message', () => tookMs > 0)
    assert.ok(tookMs >= 300, `after ${tookMs} ms`)
  })
}
