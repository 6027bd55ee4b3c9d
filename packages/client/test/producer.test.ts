import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { NsqError } from '../src/errors.ts'
import { Producer } from '../src/producer.ts'
import { FakeNsqd, type FakeOptions } from './support/fake-nsqd.ts'

const QUICK = { reconnectMinMs: 5, reconnectMaxMs: 20 }

/** A fake that answers publishes only when told. */
function silent(more: FakeOptions = {}): Promise<FakeNsqd> {
  return FakeNsqd.start({ ...more, onCommand: (command) => command.name.endsWith('PUB') })
}

async function codesOf(promises: Promise<unknown>[]): Promise<string[]> {
  const results = await Promise.allSettled(promises)
  return results.map((result) => {
    if (result.status === 'fulfilled') return 'ok'
    return result.reason instanceof NsqError ? result.reason.code : String(result.reason)
  })
}

void test('publishes one, many and deferred, pipelined and in order', async () => {
  await using fake = await FakeNsqd.start()
  await using producer = new Producer({ nsqd: fake.address })
  await Promise.all([
    producer.publish('t', 'one'),
    producer.publishMany('t', ['two', Buffer.from('three')]),
    producer.publishDeferred('t#ephemeral', 'four', 1_500),
    producer.publish('u', Buffer.from('five')),
  ])
  assert.deepEqual(fake.commands, [
    'PUB t one',
    'MPUB t two three',
    'DPUB t#ephemeral 1500 four',
    'PUB u five',
  ])
  assert.equal(producer.stats.messagesPublished, 5)
  assert.equal(producer.stats.pendingBytes, 0)
})

void test('what nsqd would refuse is refused before anything is sent', async () => {
  await using fake = await FakeNsqd.start()
  await using producer = new Producer({
    nsqd: fake.address,
    maxMessageBytes: 10,
    maxBodyBytes: 30,
    batchMaxBytes: 30,
  })
  // @ts-expect-error -- a body is bytes or text
  const wrongType = producer.publish('t', 7)
  const codes = await codesOf([
    producer.publish('a b', 'x'),
    producer.publish('', 'x'),
    producer.publish('t'.repeat(65), 'x'),
    producer.publish('t', ''),
    wrongType,
    producer.publish('t', 'x'.repeat(11)),
    producer.publishMany('t', []),
    producer.publishMany('t', ['x', '']),
    producer.publishMany(
      't',
      Array.from({ length: 6 }, () => 'x'),
    ),
    producer.publishDeferred('t', 'x', -1),
    producer.publishDeferred('t', 'x', 1.5),
  ])
  assert.deepEqual(codes, [
    'ERR_TOPIC_NAME',
    'ERR_TOPIC_NAME',
    'ERR_TOPIC_NAME',
    'ERR_BODY_EMPTY',
    'ERR_BODY_TYPE',
    'ERR_BODY_TOO_BIG',
    'ERR_BATCH_EMPTY',
    'ERR_BODY_EMPTY',
    'ERR_BATCH_TOO_BIG',
    'ERR_DELAY',
    'ERR_DELAY',
  ])
  await assert.rejects(producer.publish('t', 'x'.repeat(11)), { message: 'body too big 11 > 10' })
  assert.equal(fake.sessions.length, 0)
})

void test('bad options are reported all at once', () => {
  assert.throws(() => new Producer({ nsqd: 'h:1', deflateLevel: 100, maxPendingMessages: 0 }), {
    code: 'ERR_OPTION',
    message: /deflateLevel: 100 > 9; .*maxPendingMessages: 0 < 1/,
  })
  assert.throws(() => new Producer({ nsqd: 'h:1', deflate: true, snappy: true }), {
    message: 'cannot use both deflate and snappy',
  })
  assert.throws(() => new Producer({ nsqd: 'h:1', heartbeatIntervalMs: 90_000 }), {
    message: 'heartbeatIntervalMs 90000 > readTimeoutMs 60000',
  })
  // @ts-expect-error -- no such option
  assert.throws(() => new Producer({ nsqd: 'h:1', colour: 1 }), {
    message: 'unknown option colour',
  })
  assert.throws(() => new Producer({ nsqd: 'host' }), { code: 'ERR_ADDRESS' })
})

void test('a lost connection settles what was sent and keeps what was not', async () => {
  await using fake = await silent()
  await using producer = new Producer({ nsqd: fake.address, ...QUICK })
  const settled: number[] = []
  const promises = Array.from({ length: 1_000 }, (_, i) =>
    producer.publish('t', `m${i}`).finally(() => settled.push(i)),
  )
  await fake.until(() => fake.commands.length === 1_000, '1,000 commands')
  for (let i = 0; i < 400; i++) fake.last.ok()
  await fake.until(() => settled.length >= 1 || producer.stats.messagesPublished > 0)
  fake.last.destroy()
  const codes = await codesOf(promises)
  const ok = codes.filter((code) => code === 'ok').length
  assert.equal(codes.indexOf('ERR_OUTCOME_UNKNOWN'), ok)
  assert.equal(codes.filter((code) => code === 'ERR_OUTCOME_UNKNOWN').length, 1_000 - ok)
  assert.equal(settled.length, 1_000)
  // It comes back by itself, and what is published meanwhile waits.
  const later = producer.publish('t', 'later')
  await fake.until(() => fake.sessions.length === 2, 'a second connection')
  await fake.until(() => fake.last.commands.length === 1, 'the waiting publish')
  fake.last.ok()
  await later
})

void test('what was sent after a refused publish goes out again', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (session.isClosed || command.bodies[0]?.toString() !== 'bad') return false
      session.error('E_BAD_MESSAGE PUB bad')
      setImmediate(() => session.destroy())
      session.isClosed = true
      return true
    },
  })
  await using producer = new Producer({ nsqd: fake.address, ...QUICK })
  const codes = await codesOf(['a', 'bad', 'b', 'c'].map((body) => producer.publish('t', body)))
  assert.deepEqual(codes, ['ok', 'ERR_SERVER', 'ok', 'ok'])
  assert.deepEqual(fake.last.commands, ['PUB t b', 'PUB t c'])
})

void test('publishes wait for nsqd to come up, up to their time and number', async () => {
  const gone = await FakeNsqd.start()
  const { port } = gone
  await gone.close()
  await using producer = new Producer({
    nsqd: `127.0.0.1:${port}`,
    ...QUICK,
    queueTimeoutMs: 60,
    maxPendingMessages: 2,
    maxPendingBytes: 100,
  })
  const first = producer.publish('t', 'one')
  const tooBig = producer.publish('t', 'x'.repeat(101))
  const second = producer.publish('t', 'two')
  const tooMany = producer.publish('t', 'three')
  const codes = await codesOf([first, tooBig, second, tooMany])
  assert.deepEqual(codes, [
    'ERR_QUEUE_TIMEOUT',
    'ERR_QUEUE_FULL',
    'ERR_QUEUE_TIMEOUT',
    'ERR_QUEUE_FULL',
  ])
  const waiting = producer.publish('t', 'four')
  await using back = await FakeNsqd.start({ listen: { port, host: '127.0.0.1' } })
  await waiting
  assert.deepEqual(back.commands, ['PUB t four'])
})

void test('without an offline queue publishes fail at once', async () => {
  const gone = await FakeNsqd.start()
  const { address } = gone
  await gone.close()
  await using producer = new Producer({ nsqd: address, offlineQueue: false })
  assert.deepEqual(await codesOf([producer.publish('t', 'one')]), ['ERR_CONNECT'])
  assert.deepEqual(await codesOf([producer.publish('t', 'two')]), ['ERR_NOT_CONNECTED'])
})

void test('gathers publishes to a topic into MPUBs', async () => {
  await using fake = await FakeNsqd.start()
  await using producer = new Producer({ nsqd: fake.address, batchMaxMessages: 3, batchLingerMs: 5 })
  const bodies = ['1', '2', '3', '4']
  await Promise.all([
    ...bodies.map((body) => producer.publish('t', body)),
    producer.publish('u', 'only'),
  ])
  assert.deepEqual(fake.commands, ['MPUB t 1 2 3', 'PUB t 4', 'PUB u only'])
  assert.equal(producer.stats.messagesPublished, 5)
})

void test('a gathered batch keeps within the body limit and shares its fate', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name !== 'MPUB') return false
      session.error('E_MPUB_FAILED MPUB failed exiting')
      return true
    },
  })
  await using producer = new Producer({
    nsqd: fake.address,
    ...QUICK,
    batchMaxMessages: 100,
    batchMaxBytes: 30,
    maxBodyBytes: 32,
  })
  const codes = await codesOf(
    ['a'.repeat(10), 'b'.repeat(10), 'c'].map((b) => producer.publish('t', b)),
  )
  assert.deepEqual(codes, ['ERR_SERVER', 'ERR_SERVER', 'ok'])
})

void test('an abort gives a publish up whether it was sent or not', async () => {
  await using fake = await silent()
  await using producer = new Producer({ nsqd: fake.address, closeTimeoutMs: 0 })
  const aborter = new AbortController()
  const reason = new Error('not now')
  const { signal } = aborter
  const unsent = producer.publish('t', 'unsent', { signal })
  aborter.abort(reason)
  await assert.rejects(unsent, reason)
  await assert.rejects(producer.publish('t', 'never', { signal }), reason)
  await producer.connect()
  const second = new AbortController()
  const sent = producer.publish('t', 'sent', { signal: second.signal })
  const next = producer.publish('t', 'next')
  await fake.until(() => fake.commands.length === 2, 'two publishes')
  second.abort(reason)
  await assert.rejects(sent, reason)
  fake.last.ok()
  fake.last.ok()
  await next
  assert.deepEqual(fake.commands, ['PUB t sent', 'PUB t next'])
})

void test('publishes share a signal without a listener each', async () => {
  await using fake = await silent()
  await using producer = new Producer({ nsqd: fake.address, closeTimeoutMs: 0 })
  const aborter = new AbortController()
  const { signal } = aborter
  const promises = Array.from({ length: 20 }, () => producer.publish('t', 'x', { signal }))
  await fake.until(() => fake.commands.length === 20, '20 commands')
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  fake.last.ok()
  await promises[0]
  aborter.abort(new Error('enough'))
  const results = await Promise.allSettled(promises)
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 19)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

void test('close waits for answers, then takes no more', async () => {
  await using fake = await silent()
  const producer = new Producer({ nsqd: fake.address, batchMaxMessages: 10, batchLingerMs: 5_000 })
  const publishing = producer.publish('t', 'gathered')
  const closing = producer.close()
  assert.equal(producer.close(), closing)
  await fake.until(() => fake.commands.length === 1, 'the publish')
  fake.last.ok()
  await Promise.all([publishing, closing])
  assert.deepEqual(await codesOf([producer.publish('t', 'late'), producer.connect()]), [
    'ERR_CLOSED',
    'ERR_CLOSED',
  ])
  await fake.until(() => fake.last.isClosed, 'the socket closed')
})

void test('close rejects what is not answered in time', async () => {
  await using fake = await silent()
  const producer = new Producer({ nsqd: fake.address, closeTimeoutMs: 20 })
  const publishing = codesOf([producer.publish('t', 'one')])
  await fake.until(() => fake.commands.length === 1, 'the publish')
  await producer.close()
  assert.deepEqual(await publishing, ['ERR_OUTCOME_UNKNOWN'])
})

void test('a server that answers unasked or never is left', async () => {
  await using fake = await silent()
  await using producer = new Producer({
    nsqd: fake.address,
    ...QUICK,
    responseTimeoutMs: 60,
    writeTimeoutMs: 100,
  })
  await producer.connect()
  const left = new Promise<NsqError | undefined>((resolve) => {
    producer.once('disconnect', (_address, error) => resolve(error))
  })
  fake.last.ok()
  assert.equal((await left)?.code, 'ERR_PROTOCOL')
  await assert.rejects(producer.publish('t', 'x'), (error: Error) => {
    return error.cause instanceof NsqError && error.cause.code === 'ERR_RESPONSE_TIMEOUT'
  })
})

void test('a turn of publishes leaves in one write', async () => {
  await using fake = await FakeNsqd.start()
  await using producer = new Producer({ nsqd: fake.address })
  await producer.connect()
  let chunks = 0
  fake.changed()
  const original = fake.changed.bind(fake)
  fake.changed = () => {
    chunks++
    original()
  }
  await Promise.all(Array.from({ length: 500 }, (_, i) => producer.publish('t', `m${i}`)))
  assert.ok(chunks <= 2, `${chunks} chunks`)
})
