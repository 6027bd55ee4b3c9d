import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { Consumer, Producer, ProducerPool, type Message } from '@tsq/client'
import { Reader, Writer } from '@tsq/client/nsqjs'

import { Nsqd } from './daemons.ts'
import type { Shared } from './shared.ts'
import { until } from '@tsq/testing'

const QUICK = { reconnectMinMs: 10, reconnectMaxMs: 50 }
/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1'

/** Lets nsqd forget the message in hand, so that it refuses every answer to it. */
async function disown(nsqd: Nsqd, topic: string): Promise<void> {
  await nsqd.post(`/channel/empty?topic=${topic}&channel=c`)
}

export function errorTests(shared: Shared): void {
  const { programs } = shared

  void test('7. refused FIN, REQ and TOUCH are told, and close nothing', async () => {
    const nsqd = await shared.plain()
    const topic = shared.topic()
    await using producer = new Producer({ nsqd: nsqd.address })
    await using consumer = new Consumer({
      topic,
      channel: 'c',
      nsqd: nsqd.address,
      maxBackoffMs: 0,
    })
    const told: string[] = []
    let connects = 0
    let handled = 0
    consumer.on('error', (error) => told.push(error.message.split(' ')[0]!))
    consumer.on('connect', () => connects++)
    const answers: ((message: Message) => void)[] = [
      (message) => message.finish(),
      (message) => message.requeue(0),
      (message) => {
        message.touch()
        message.finish()
      },
    ]
    consumer.run(async (message) => {
      handled++
      const answer = answers.shift()
      if (answer === undefined) return
      await disown(nsqd, topic)
      answer(message)
    })
    const codes = ['E_FIN_FAILED', 'E_REQ_FAILED', 'E_TOUCH_FAILED', 'E_FIN_FAILED']
    for (const [i, toldBy] of [1, 2, 4].entries()) {
      await producer.publish(topic, `m${i}`)
      await until(`refusal ${i}`, () => told.length >= toldBy)
    }
    await producer.publish(topic, 'last')
    await until('the last', () => handled === 4)
    assert.deepEqual(told, codes)
    assert.equal(connects, 1)
  })

  void test('7. a refused publish fails alone: those before and after it arrive', async () => {
    await using nsqd = await Nsqd.start(programs, '--max-msg-size=100')
    await using producer = new Producer({ nsqd: nsqd.address, ...QUICK })
    const results = await Promise.allSettled([
      producer.publish('t', 'before'),
      producer.publish('t', 'x'.repeat(101)),
      producer.publish('t', 'after'),
    ])
    const statuses = results.map(({ status }) => status)
    assert.deepEqual(statuses, ['fulfilled', 'rejected', 'fulfilled'])
    const [, refused] = results
    assert.ok(refused.status === 'rejected')
    const { code, serverCode, message } = refused.reason as Record<string, unknown>
    assert.deepEqual([code, serverCode], ['ERR_SERVER', 'E_BAD_MESSAGE'])
    assert.equal(message, 'E_BAD_MESSAGE PUB message too big 101 > 100')
    assert.equal((await nsqd.topic('t'))?.message_count, 2)
  })

  void test('7. a handshake nsqd refuses, and an HTTP port, are told as what they are', async () => {
    const nsqd = await shared.plain()
    const hasty = new Producer({ nsqd: nsqd.address, heartbeatIntervalMs: 100 })
    await assert.rejects(hasty.connect(), {
      code: 'ERR_IDENTIFY',
      retryable: false,
      message: /E_BAD_BODY IDENTIFY heartbeat interval \(100\) is invalid/,
    })
    await hasty.close()
    const http = new Producer({ nsqd: nsqd.httpAddress })
    await assert.rejects(http.connect(), {
      code: 'ERR_PROTOCOL',
      message: /^unexpected HTTP response/,
    })
    await http.close()
  })

  void test('8. errors nobody listens for crash nobody', async () => {
    // An uncaught exception or an unhandled rejection fails the test.
    await using nsqd = await Nsqd.start(programs)
    const names = { topic: 't', channel: 'c' }
    const nsqds = [nsqd.address, NOWHERE]
    await using producer = new Producer({ nsqd: nsqd.address, ...QUICK })
    await using _lost = new Producer({ nsqd: NOWHERE, keepConnected: true, ...QUICK })
    await using _pool = new ProducerPool({ nsqd: nsqds, lookupd: NOWHERE, ...QUICK })
    await using consumer = new Consumer({ ...names, nsqd: nsqds, lookupd: NOWHERE, ...QUICK })
    const reader = new Reader('t', 'other', { nsqdTCPAddresses: nsqds })
    const writer = new Writer('127.0.0.1', nsqd.tcpPort)
    const stranded = new Writer('127.0.0.1', 1)
    let handled = 0
    consumer.run(async (message) => {
      handled++
      if (message.attempts > 1) return
      await disown(nsqd, 't')
      message.finish()
    })
    reader.on('message', (message) => message.finish())
    reader.connect()
    writer.connect()
    stranded.connect()
    await once(writer, 'ready')
    await producer.publish('t', 'one')
    await until('it is handled', () => handled === 1)
    await nsqd.kill()
    await nsqd.start()
    await producer.publish('t', 'two')
    await until('another is handled', () => handled >= 2)
    await Promise.all([reader.close(), writer.close(), stranded.close()])
  })

  void test('heartbeats keep a quiet connection', async () => {
    const nsqd = await shared.plain()
    const topic = shared.topic()
    await using producer = new Producer({
      nsqd: nsqd.address,
      heartbeatIntervalMs: 1_000,
      readTimeoutMs: 1_500,
    })
    const startedAt = performance.now()
    await producer.publish(topic, 'one')
    await until('three heartbeats', () => performance.now() - startedAt > 3_200)
    await producer.publish(topic, 'two')
    assert.equal(producer.stats.connects, 1)
  })
}
