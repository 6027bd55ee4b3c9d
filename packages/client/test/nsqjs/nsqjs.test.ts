import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as nsq from '../../src/nsqjs/index.ts'
import { linearBackoff } from '../../src/nsqjs/options.ts'
import { FakeNsqd } from '../support/fake-nsqd.ts'

function id(text: string): string {
  return text.padStart(16, '0')
}

type ReaderOptions = ConstructorParameters<typeof nsq.Reader>[2]

function readerOf(fake: FakeNsqd, given: ReaderOptions = {}): nsq.Reader {
  return new nsq.Reader('t', 'c', { nsqdTCPAddresses: fake.address, ...given })
}

/** Calls a callback-taking function and gives its error, or undefined. */
function called(call: (callback: nsq.WriterCallback) => void): Promise<Error | undefined> {
  return new Promise((resolve) => call(resolve))
}

void test('a program written for nsqjs runs', async () => {
  await using fake = await FakeNsqd.start()
  const log: string[] = []

  const reader = new nsq.Reader('sample_topic', 'test_channel', {
    nsqdTCPAddresses: [fake.address],
    maxInFlight: 3,
    maxAttempts: 2,
    messageTimeout: 60_000,
  })
  reader.on('ready', () => log.push('ready'))
  reader.on('not_ready', () => log.push('not_ready'))
  reader.on('nsqd_connected', (host, port) => log.push(`connected ${host} ${port}`))
  reader.on('nsqd_closed', (host, port) => log.push(`closed ${host} ${port}`))
  reader.on('discard', (message) => log.push(`discard ${message.id}`))
  reader.on(nsq.Reader.MESSAGE, (message) => {
    log.push(`message ${message.id} ${message.body.toString()} ${message.attempts}`)
    assert.equal(typeof message.timestamp, 'bigint')
    if (message.attempts === 2) message.requeue(25, false)
    else {
      message.touch()
      message.finish()
    }
  })
  reader.connect()
  await fake.until(() => fake.commands.length === 2, 'RDY')
  fake.last.message('1', 'one')
  fake.last.message('2', 'two', 2)
  fake.last.message('3', 'three', 3)
  await fake.until(() => fake.commands.length === 6, 'answers')

  const writer = new nsq.Writer('127.0.0.1', fake.port, { clientId: 'me' })
  writer.connect()
  await once(writer, 'ready')
  assert.equal(writer.ready, true)
  assert.equal(await called((callback) => writer.publish('t', 'text', callback)), undefined)
  assert.equal(await called((callback) => writer.publish('t', ['a', 'b'], callback)), undefined)
  const closed = once(writer, 'closed')
  void writer.close()
  await closed
  const gone = once(reader, 'not_ready')
  void reader.close()
  await gone

  assert.deepEqual(fake.sessions[0]?.commands, [
    'SUB sample_topic test_channel',
    'RDY 3',
    `TOUCH ${id('1')}`,
    `FIN ${id('1')}`,
    `REQ ${id('2')} 25`,
    `FIN ${id('3')}`,
    'CLS',
  ])
  assert.deepEqual(fake.sessions[1]?.commands, ['PUB t text', 'MPUB t a b'])
  assert.deepEqual(log, [
    `connected 127.0.0.1 ${fake.port}`,
    'ready',
    `message ${id('1')} one 1`,
    `message ${id('2')} two 2`,
    `discard ${id('3')}`,
    `closed 127.0.0.1 ${fake.port}`,
    'not_ready',
  ])
})

void test('everything that can be sent is sent: nsqjs lost some of it', async () => {
  await using fake = await FakeNsqd.start()
  const writer = new nsq.Writer('127.0.0.1', fake.port)
  writer.connect()
  const date = new Date(0)
  const values = [
    's',
    Buffer.from('b'),
    new String('o'),
    { a: 1 },
    7,
    true,
    {},
    date,
    ['x'],
    [1, {}],
  ]
  for (const value of values) {
    assert.equal(await called((callback) => writer.publish('t', value, callback)), undefined)
  }
  await called((callback) => writer.deferPublish('t', 'alone', 10, callback))
  await called((callback) => writer.deferPublish('t', [{ in: 'list' }], 10, callback))
  assert.deepEqual(fake.commands, [
    'PUB t s',
    'PUB t b',
    'PUB t o',
    'PUB t {"a":1}',
    'PUB t 7',
    'PUB t true',
    'PUB t {}',
    'PUB t "1970-01-01T00:00:00.000Z"',
    'PUB t x',
    'MPUB t 1 {}',
    'DPUB t 10 alone',
    'DPUB t 10 {"in":"list"}',
  ])
  await writer.close()
})

void test('what cannot be sent is told to the callback, or thrown without one', async () => {
  await using fake = await FakeNsqd.start()
  const writer = new nsq.Writer('127.0.0.1', fake.port)
  const inactive = await called((callback) => writer.publish('t', 'x', callback))
  assert.equal(inactive?.message, 'No active Writer connection to send messages')
  writer.connect()
  for (const value of ['', null, undefined, [], ['a', '']]) {
    const error = await called((callback) => writer.publish('t', value, callback))
    assert.equal(error?.message, 'Attempting to publish an empty message')
    assert.throws(() => writer.publish('t', value), error)
  }
  const late = await called((callback) => writer.deferPublish('t', 'x', -1, callback))
  assert.equal(late?.message, 'The Delay must be a (positiv) number')
  const named = await called((callback) => writer.publish('a b', 'x', callback))
  assert.equal(named?.message, 'Invalid topic: a b')
  await writer.close()
})

void test('a writer survives error frames and restarts of nsqd', async () => {
  const fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.bodies[0]?.toString() !== 'bad') return false
      session.error('E_BAD_MESSAGE PUB bad')
      return true
    },
  })
  const writer = new nsq.Writer('127.0.0.1', fake.port)
  writer.connect()
  const refused = await called((callback) => writer.publish('t', 'bad', callback))
  assert.equal(refused?.message, 'E_BAD_MESSAGE PUB bad')
  assert.equal(await called((callback) => writer.publish('t', 'good', callback)), undefined)
  await fake.close()
  await fake.until(() => !writer.ready, 'the loss seen')
  await using again = await FakeNsqd.start({ listen: { port: fake.port, host: '127.0.0.1' } })
  assert.equal(await called((callback) => writer.publish('t', 'later', callback)), undefined)
  assert.deepEqual(again.commands, ['PUB t later'])
  await writer.close()
})

void test('ready comes once, also with several nsqd', async () => {
  await using one = await FakeNsqd.start()
  await using two = await FakeNsqd.start()
  const reader = new nsq.Reader('t', 'c', { nsqdTCPAddresses: [one.address, two.address] })
  let ready = 0
  reader.on('ready', () => ready++)
  reader.connect()
  await one.until(() => one.commands.length > 0 && two.commands.length > 0, 'two SUB')
  await sleep(5)
  assert.equal(ready, 1)
  reader.pause()
  assert.equal(reader.isPaused(), true)
  reader.unpause()
  await reader.close()
})

void test('a reader can be connected again, and errors without a listener crash nobody', async () => {
  await using fake = await FakeNsqd.start()
  const reader = readerOf(fake)
  reader.connect()
  await fake.until(() => fake.commands.length === 2, 'RDY')
  fake.last.error('E_FIN_FAILED FIN x failed')
  await reader.close()
  reader.connect()
  await fake.until(() => fake.sessions.length === 2 && fake.last.commands.length === 2, 'again')
  const errors: Error[] = []
  reader.on('error', (error) => errors.push(error))
  fake.last.error('E_FIN_FAILED FIN x failed')
  await fake.until(() => errors.length === 1, 'one error')
  await reader.close()
})

void test('messages have the members nsqjs gave them', async () => {
  await using fake = await FakeNsqd.start()
  const reader = readerOf(fake, { requeueDelay: 7 })
  reader.connect()
  const got = once(reader, 'message')
  await fake.until(() => fake.commands.length === 2, 'RDY')
  fake.last.message('1', '{"a":[1]}')
  const [message] = await got
  assert.ok(message instanceof nsq.Message)
  assert.deepEqual(message.json(), { a: [1] })
  assert.equal(message.json(), message.json())
  const leftMs = message.timeUntilTimeout()
  assert.ok(leftMs !== null && leftMs > 59_000 && leftMs <= 60_000)
  assert.ok(Number(message.timeUntilTimeout(true)) > 899_000)
  const events: unknown[] = []
  message.on('respond', (type: number, data: Buffer) => events.push(type, String(data)))
  message.on('backoff', () => events.push('backoff'))
  message.touch()
  assert.equal(message.touchCount, 1)
  message.requeue()
  message.finish()
  assert.equal(message.hasResponded, true)
  assert.equal(message.timedOut, false)
  assert.equal(message.timeUntilTimeout(), null)
  const wire = [2, `TOUCH ${id('1')}\n`, 1, `REQ ${id('1')} 7\n`, 'backoff']
  assert.deepEqual(events, wire)
  await reader.close()
})

void test('options are checked with the messages of nsqjs', () => {
  const bad: [object, string][] = [
    [{}, 'Need to provide either nsqdTCPAddresses or lookupdHTTPAddresses'],
    [{ maxInFlight: 0 }, '1 <= maxInFlight(0)'],
    [{ sampleRate: 100 }, '1 <= sampleRate(100) <= 99'],
    [{ lookupdPollJitter: 1 }, '0 < lookupdPollJitter(1) < 1'],
    [{ maxAttempts: 'x' }, "maxAttempts('x') is not a number"],
    [{ deflate: 1 }, 'deflate must be either true or false'],
    [{ authSecret: '' }, 'authSecret must be a non-empty string'],
    [{ key: 'text' }, 'key must be a buffer'],
    [{ nsqdTCPAddresses: ['x'] }, "nsqdTCPAddresses must be a list of addresses 'host:port'"],
    [
      { lookupdHTTPAddresses: ['x'] },
      "lookupdHTTPAddresses must be a list of addresses 'host:port' or HTTP/HTTPS URI",
    ],
    [{ deflate: true, snappy: true }, 'Cannot use both deflate and snappy'],
  ]
  for (const [options, message] of bad) {
    const given = message.startsWith('Need') ? {} : { nsqdTCPAddresses: 'h:1', ...options }
    assert.throws(() => new nsq.Reader('t', 'c', given), { message })
  }
  const unknown: object = { nsqdTCPAddresses: 'h:1', colour: 'red' }
  const reader = new nsq.Reader('a b', 'c', unknown)
  assert.throws(() => reader.connect(), { message: 'Invalid topic: a b' })
  assert.equal(linearBackoff(128_000)(1), 3_584)
  assert.equal(linearBackoff(128_000)(10), 35_840)
  assert.equal(linearBackoff(128_000)(1_000), 128_000)
})
