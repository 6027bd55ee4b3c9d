import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

import { Consumer, Producer, type ConsumerOptions } from '@tsq/client'
import { TEST_CERT, TEST_KEY } from '@tsq/testing'

import { Nsqd } from './daemons.ts'
import type { Shared } from './shared.ts'
import { until } from '@tsq/testing'

type Given = Omit<ConsumerOptions, 'topic' | 'channel' | 'nsqd' | 'lookupd' | 'onGiveUp'>

interface Codec {
  readonly name: string
  readonly given: Given & Partial<Record<'tls' | 'deflate' | 'snappy', unknown>>
  readonly needsClientCertificate?: boolean
}

const tls = { ca: TEST_CERT, servername: 'localhost' }
const deflate = { deflate: true, requireCompression: true }
const snappy = { snappy: true, requireCompression: true }

const codecs: readonly Codec[] = [
  { name: 'nothing', given: {} },
  { name: 'TLS', given: { tls } },
  { name: 'deflate', given: deflate },
  { name: 'snappy', given: snappy },
  { name: 'TLS and deflate', given: { tls, ...deflate } },
  { name: 'TLS and snappy', given: { tls, ...snappy } },
  {
    name: 'TLS with a client certificate',
    given: { tls: { ...tls, cert: TEST_CERT, key: TEST_KEY } },
    needsClientCertificate: true,
  },
]

/** 1 message alone, 2 in one command, 1 that always fails, and 2 of 100 kB; the failing one is tried 5 times. */
async function exchange(nsqd: Nsqd, topic: string, codec: Codec): Promise<void> {
  await using producer = new Producer({ nsqd: nsqd.address, ...codec.given })
  const random = randomBytes(100_000)
  const words = Buffer.from('words that come again, '.repeat(4_500))
  await producer.publish(topic, 'single')
  await producer.publishMany(topic, ['double', 'line'])
  await producer.publish(topic, 'failing')
  await producer.publish(topic, random)
  await producer.publish(topic, words)
  let handled = 0
  let whole = 0
  let givenUp = 0
  await using consumer = new Consumer({
    ...codec.given,
    topic,
    channel: 'c',
    nsqd: nsqd.address,
    maxInFlight: 10,
    requeueDelayMs: 0,
    maxBackoffMs: 0,
    onGiveUp: () => givenUp++,
  })
  consumer.run((message) => {
    handled++
    if (message.body.equals(random) || message.body.equals(words)) whole++
    if (message.text() === 'failing') throw new Error('as told')
  })
  await until('every message', () => givenUp === 1 && handled === 10)
  assert.equal(whole, 2)
  assert.equal(consumer.stats.messagesReceived, 11)
  assert.equal(consumer.stats.messagesFinished, 6)
  // With client certificates demanded, HTTP is shut to whoever has none.
  if (!codec.needsClientCertificate) {
    const [client] = (await nsqd.channel(topic, 'c'))!.clients
    assert.equal(client!.tls, codec.given.tls !== undefined)
    assert.equal(client!.deflate, codec.given.deflate === true)
    assert.equal(client!.snappy, codec.given.snappy === true)
  }
  await consumer.close()
  assert.equal(consumer.stats.connections, 0)
}

export function codecTests(shared: Shared): void {
  const { programs } = shared
  for (const codec of codecs) {
    void test(`1. end to end over ${codec.name}, small and 100 kB`, async () => {
      if (codec.needsClientCertificate === true) {
        await using strict = await Nsqd.startWithTls(programs, '--tls-client-auth-policy=require')
        await exchange(strict, 't', codec)
        return
      }
      const nsqd = await (codec.given.tls === undefined ? shared.plain() : shared.tls())
      await exchange(nsqd, shared.topic(), codec)
    })
  }

  void test('1. TLS that nsqd does not have, or that it demands, is an error with a code', async () => {
    const plain = await shared.plain()
    const wanting = new Producer({ nsqd: plain.address, tls })
    await assert.rejects(wanting.connect(), { code: 'ERR_FEATURE_REFUSED', retryable: false })
    await wanting.close()
    await using strict = await Nsqd.startWithTls(programs, '--tls-required=true')
    const bare = new Producer({ nsqd: strict.address })
    await assert.rejects(bare.publish('t', 'x'), { code: 'ERR_SERVER', serverCode: 'E_INVALID' })
    await bare.close()
    const doubting = new Producer({ nsqd: strict.address, tls: true })
    await assert.rejects(doubting.connect(), { code: 'ERR_TLS' })
    await doubting.close()
  })

  void test('1. AUTH: accepted, refused, and not given', async () => {
    const auth = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://nowhere')
      if (searchParams.get('secret') !== 'open sesame') response.statusCode = 403
      const authorizations = [
        { topic: '.*', channels: ['.*'], permissions: ['subscribe', 'publish'] },
      ]
      response.end(JSON.stringify({ ttl: 60, identity: 'ali', authorizations }))
    })
    await once(auth.listen(0, '127.0.0.1'), 'listening')
    try {
      const { port } = auth.address() as { port: number }
      await using nsqd = await Nsqd.start(programs, `--auth-http-address=127.0.0.1:${port}`)
      const known = { nsqd: nsqd.address, authSecret: 'open sesame' }
      await using producer = new Producer(known)
      await producer.publish('t', 'one')
      assert.deepEqual(producer.auth, { identity: 'ali', identityUrl: '', permissionCount: 1 })
      await using consumer = new Consumer({ ...known, topic: 't', channel: 'c' })
      let seen = ''
      consumer.run((message) => {
        seen = message.text()
      })
      await until('the message', () => seen === 'one')
      const refused = new Producer({ nsqd: nsqd.address, authSecret: 'guess' })
      await assert.rejects(refused.connect(), { code: 'ERR_AUTH' })
      await refused.close()
      const silent = new Producer({ nsqd: nsqd.address })
      await assert.rejects(silent.connect(), { code: 'ERR_AUTH_REQUIRED', retryable: false })
      await silent.close()
    } finally {
      auth.close().closeAllConnections()
    }
  })

  void test('1. a sample rate brings about that share of the messages', async () => {
    const nsqd = await shared.plain()
    const topic = shared.topic()
    await using producer = new Producer({ nsqd: nsqd.address })
    const messages = 2_000
    await using consumer = new Consumer({
      nsqd: nsqd.address,
      topic,
      channel: 'c',
      maxInFlight: 100,
      sampleRate: 20,
    })
    const connected = once(consumer, 'connect')
    consumer.run(() => {})
    await connected
    await producer.publishMany(
      topic,
      Array.from({ length: messages }, (_, i) => `${i}`),
    )
    await until('nothing is left', async () => {
      const channel = await nsqd.channel(topic, 'c')
      return channel?.depth === 0 && channel.in_flight_count === 0
    })
    // A fifth is 400; 7 standard deviations are 125.
    const { messagesFinished } = consumer.stats
    assert.ok(Math.abs(messagesFinished - messages / 5) < 125, `${messagesFinished} of ${messages}`)
  })
}
