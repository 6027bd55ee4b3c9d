// Against a real nsqd, where TSQ_TEST_NSQD names its binary.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GivenConnectionOptions } from '../src/connection-options.ts'
import { Consumer, type ConsumerOptions } from '../src/consumer.ts'
import { NsqError } from '../src/errors.ts'
import { ProducerPool } from '../src/producer-pool.ts'
import { Producer } from '../src/producer.ts'
import { TEST_CERT, TEST_KEY } from './support/certificate.ts'
import {
  NSQD_BINARY,
  NSQLOOKUPD_BINARY,
  NsqdProcess,
  NsqlookupdProcess,
} from './support/nsqd-process.ts'

const skip = NSQD_BINARY === undefined && 'TSQ_TEST_NSQD names no nsqd'
const QUICK = { reconnectMinMs: 10, reconnectMaxMs: 50 }

async function until(holds: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    assert.ok(Date.now() < deadline, what)
    await sleep(5)
  }
}

const tls = { ca: TEST_CERT, servername: 'localhost' }
const layers: [string, GivenConnectionOptions][] = [
  ['plain', {}],
  ['TLS', { tls }],
  ['deflate', { deflate: true, requireCompression: true }],
  ['snappy', { snappy: true, requireCompression: true }],
  ['TLS and deflate', { tls, deflate: true, requireCompression: true }],
  ['TLS and snappy', { tls, snappy: true, requireCompression: true }],
  ['TLS with a client certificate', { tls: { ...tls, cert: TEST_CERT, key: TEST_KEY } }],
]
for (const [name, given] of layers) {
  void test(`end to end over ${name}`, { skip }, async () => {
    const needsCert = name.includes('client certificate')
    const flags = needsCert ? ['--tls-client-auth-policy=require'] : []
    await using nsqd = await (name.includes('TLS')
      ? NsqdProcess.startWithTls(...flags)
      : NsqdProcess.start())
    await using producer = new Producer({ nsqd: nsqd.address, ...given })
    const large = randomBytes(100_000)
    const text = Buffer.from('words that come again, '.repeat(4_000))
    await producer.publish('t', 'single')
    await producer.publishMany('t', ['double', 'line'])
    await producer.publish('t', 'failing')
    await producer.publish('t', large)
    await producer.publish('t', text)
    let handled = 0
    let givenUp = 0
    let whole = 0
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: nsqd.address,
      maxInFlight: 10,
      requeueDelayMs: 0,
      maxBackoffMs: 50,
      backoffMultiplierMs: 10_000,
      onGiveUp: () => givenUp++,
      ...given,
    })
    consumer.run((message) => {
      handled++
      if (message.body.equals(large) || message.body.equals(text)) whole++
      if (message.text() === 'failing') throw new Error('as told')
    })
    await until(() => givenUp === 1 && handled === 10, 'all messages')
    assert.equal(whole, 2)
    const { messagesReceived, messagesFinished } = consumer.stats
    assert.equal(messagesReceived, 11)
    assert.equal(messagesFinished, 6)
    await consumer.close()
    assert.equal(consumer.stats.connections, 0)
    if (!needsCert) assert.match(await nsqd.stats('t'), /"depth":0/)
  })
}

void test('a deferred message comes when it is due', { skip }, async () => {
  await using nsqd = await NsqdProcess.start()
  await using producer = new Producer({ nsqd: nsqd.address })
  await using consumer = consumerAt(nsqd)
  const startedAt = performance.now()
  let tookMs = 0
  consumer.run(() => {
    tookMs = performance.now() - startedAt
  })
  await producer.publishDeferred('t', 'deferred', 300)
  await until(() => tookMs > 0, 'the message')
  assert.ok(tookMs >= 300)
})

void test('nsqd itself refuses what this side lets through', { skip }, async () => {
  await using nsqd = await NsqdProcess.start('--max-msg-size=100')
  await using producer = new Producer({ nsqd: nsqd.address, ...QUICK })
  const results = await Promise.allSettled([
    producer.publish('t', 'before'),
    producer.publish('t', 'x'.repeat(101)),
    producer.publish('t', 'after'),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  const [, refused] = results
  assert.ok(refused.status === 'rejected' && refused.reason instanceof NsqError)
  assert.equal(refused.reason.message, 'E_BAD_MESSAGE PUB message too big 101 > 100')
  const picky = new Producer({ nsqd: nsqd.address, heartbeatIntervalMs: 100 })
  await assert.rejects(picky.connect(), { code: 'ERR_IDENTIFY', retryable: false })
  await picky.close()
  const http = new Producer({ nsqd: `127.0.0.1:${nsqd.httpPort}` })
  await assert.rejects(http.connect(), { message: /^unexpected HTTP response/ })
  await http.close()
})

void test('heartbeats keep a quiet connection', { skip }, async () => {
  await using nsqd = await NsqdProcess.start()
  await using producer = new Producer({
    nsqd: nsqd.address,
    heartbeatIntervalMs: 1_000,
    readTimeoutMs: 1_500,
  })
  await producer.publish('t', 'one')
  await sleep(3_200)
  await producer.publish('t', 'two')
  assert.equal(producer.stats.connects, 1)
})

void test('a killed nsqd settles every publish once', { skip }, async () => {
  await using nsqd = await NsqdProcess.start('--mem-queue-size=0', '--sync-every=1')
  await using producer = new Producer({ nsqd: nsqd.address, ...QUICK })
  const rounds = Number(process.env['TSQ_TEST_KILLS'] ?? 3)
  const confirmed = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    let settled = 0
    const outcomes = new Map<string, number>()
    const publishes = Array.from({ length: 1_000 }, async (_, i) => {
      try {
        await producer.publish('kills', `${round}-${i}`)
        confirmed.add(`${round}-${i}`)
        outcomes.set('ok', (outcomes.get('ok') ?? 0) + 1)
      } catch (error) {
        const code = error instanceof NsqError ? error.code : String(error)
        outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
      } finally {
        settled++
      }
    })
    await sleep(round * 3)
    await nsqd.kill()
    const back = nsqd.start()
    await Promise.all(publishes)
    await back
    assert.equal(settled, 1_000)
    for (const code of outcomes.keys())
      assert.ok(['ok', 'ERR_OUTCOME_UNKNOWN'].includes(code), code)
  }
  await producer.publish('kills', 'last')
  confirmed.add('last')
  await using consumer = consumerAt(nsqd, { topic: 'kills', maxInFlight: 500 })
  const missing = confirmed
  consumer.run((message) => void missing.delete(message.text()))
  await until(() => !missing.has('last'), 'the last message', 20_000)
  await sleep(200)
  // nsqd 1.3.0 promises less: a kill may cost it what it had answered. Ours does not lose any.
  if (process.env['TSQ_TEST_DURABLE'] === '1') assert.deepEqual([...missing], [])
  else if (missing.size > 0) console.log(`nsqd lost ${missing.size} messages it had confirmed`)
})

function consumerAt(nsqd: NsqdProcess, given: Partial<ConsumerOptions> = {}): Consumer {
  return new Consumer({ topic: 't', channel: 'c', nsqd: nsqd.address, ...QUICK, ...given })
}

void test('producer and consumer find nsqd again after a restart', { skip }, async () => {
  await using nsqd = await NsqdProcess.start()
  await using producer = new Producer({ nsqd: nsqd.address, ...QUICK })
  await using consumer = consumerAt(nsqd)
  const seen: string[] = []
  consumer.run((message) => void seen.push(message.text()))
  await producer.publish('t', 'before')
  await until(() => seen.length === 1, 'the first')
  await nsqd.kill('SIGTERM')
  const waiting = producer.publish('t', 'meanwhile')
  await nsqd.start()
  await waiting
  await until(() => seen.length === 2, 'the second')
  assert.deepEqual(seen, ['before', 'meanwhile'])
})

const noLookupd = skip || (NSQLOOKUPD_BINARY === undefined && 'TSQ_TEST_NSQLOOKUPD names none')

void test('nsqlookupd tells pool and consumer where nsqd is', { skip: noLookupd }, async () => {
  await using lookupd = await NsqlookupdProcess.start()
  const announce = `--lookupd-tcp-address=${lookupd.tcpAddress}`
  await using one = await NsqdProcess.start(announce)
  await using _two = await NsqdProcess.start(announce)
  const polling = { lookupd: lookupd.httpAddress, lookupdPollIntervalMs: 50 }
  await using pool = new ProducerPool({ ...polling, ...QUICK })
  await until(() => pool.nodes.filter((node) => node.isConnected).length === 2, 'two nsqd')
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
  await until(() => seen.size === 10, '10 messages')
  assert.equal(consumer.stats.connections, 2)
  await one.kill()
  for (let i = 10; i < 20; i++) await pool.publish('t', `m${i}`)
  await until(() => seen.size === 20, '10 more')
  await one.start()
  await until(() => consumer.stats.connections === 2, 'the first again')
})

void test('closing loses no message and handles none twice', { skip }, async () => {
  await using nsqd = await NsqdProcess.start('--msg-timeout=60s')
  await using producer = new Producer({ nsqd: nsqd.address })
  const bodies = Array.from({ length: 5_000 }, (_, i) => `m${i}`)
  await producer.publishMany('t', bodies)
  const seen: string[] = []
  for (let i = 0; i < 10; i++) {
    const consumer = consumerAt(nsqd, { maxInFlight: 100 })
    consumer.run(async (message) => {
      await sleep(1)
      seen.push(message.text())
    })
    await until(() => seen.length >= Math.min(5_000, (i + 1) * 450), 'some messages')
    await consumer.close()
  }
  await using last = consumerAt(nsqd, { maxInFlight: 100 })
  last.run((message) => void seen.push(message.text()))
  await until(() => seen.length >= 5_000, 'all messages')
  assert.equal(new Set(seen).size, 5_000)
  assert.equal(seen.length, 5_000)
})
