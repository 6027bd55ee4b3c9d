import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Consumer, type ConsumerOptions } from '../src/consumer.ts'
import { NsqError } from '../src/errors.ts'
import type { Message } from '../src/message.ts'
import { FakeLookupd } from './support/fake-lookupd.ts'
import { FakeNsqd } from './support/fake-nsqd.ts'

const QUICK = { reconnectMinMs: 5, reconnectMaxMs: 20, maxBackoffMs: 0 }

function consumerOf(fake: FakeNsqd, given: Partial<ConsumerOptions> = {}): Consumer {
  return new Consumer({ topic: 't', channel: 'c', nsqd: fake.address, ...QUICK, ...given })
}

async function subscribed(fake: FakeNsqd): Promise<void> {
  await fake.until(() => fake.sessions.some((session) => session.commands.length >= 2), 'SUB, RDY')
}

function id(number: number): string {
  return String(number).padStart(16, '0')
}

void test('a handler that resolves finishes, one that rejects requeues', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = consumerOf(fake, { maxInFlight: 10, requeueDelayMs: 100 })
  const failures: string[] = []
  consumer.on('handlerError', (error, message) =>
    failures.push(`${message.text()} ${error.message}`),
  )
  consumer.run(async (message) => {
    await sleep(1)
    if (message.text() === 'bad') throw new Error('no')
  })
  await subscribed(fake)
  fake.last.message('1', 'good')
  fake.last.message('2', 'bad', 3)
  await fake.until(() => fake.commands.length === 4, 'two answers')
  assert.deepEqual(fake.commands.slice(2).toSorted(), [`FIN ${id(1)}`, `REQ ${id(2)} 300`])
  assert.deepEqual(failures, ['bad no'])
  assert.equal(consumer.stats.messagesFinished, 1)
  assert.equal(consumer.stats.messagesRequeued, 1)
})

void test('a message says what nsqd said, and is answered once', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = consumerOf(fake, { maxAttempts: 0 })
  const seen: Message[] = []
  consumer.run((message) => {
    message.touch()
    message.finish()
    message.finish()
    message.requeue()
    message.touch()
    seen.push(message)
  })
  await subscribed(fake)
  fake.last.message('abc', '{"a":1}', 40_000)
  fake.last.message('abd', 'x', 1)
  await fake.until(() => fake.commands.length >= 6, 'the answers')
  assert.deepEqual(fake.commands.slice(2), [
    `TOUCH ${'abc'.padStart(16, '0')}`,
    `FIN ${'abc'.padStart(16, '0')}`,
    `TOUCH ${'abd'.padStart(16, '0')}`,
    `FIN ${'abd'.padStart(16, '0')}`,
  ])
  const [first] = seen
  assert.equal(first?.attempts, 40_000)
  assert.deepEqual(first.json(), { a: 1 })
  assert.equal(first.timestampNs, 1_700_000_000_000_000_000n)
  assert.equal(first.publishedAt.getTime(), 1_700_000_000_000)
  assert.equal(first.address, fake.address)
  assert.equal(first.hasResponded, true)
  assert.equal(first.touchCount, 1)
})

void test('no more handlers run at once than allowed', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = consumerOf(fake, { maxInFlight: 20, concurrency: 3 })
  let running = 0
  let most = 0
  consumer.run(async () => {
    most = Math.max(most, ++running)
    await sleep(1)
    running--
  })
  await subscribed(fake)
  for (let i = 0; i < 20; i++) fake.last.message(String(i))
  await fake.until(() => fake.commands.length === 22, '20 FIN')
  assert.equal(most, 3)
})

void test('a message attempted too often is given up and finished', async () => {
  await using fake = await FakeNsqd.start()
  const givenUp: string[] = []
  await using consumer = consumerOf(fake, {
    maxAttempts: 2,
    onGiveUp: (message) => {
      givenUp.push(message.id)
      throw new Error('in the hook')
    },
  })
  let handled = 0
  consumer.run(() => void handled++)
  await subscribed(fake)
  fake.last.message('2', 'x', 2)
  fake.last.message('3', 'x', 3)
  await fake.until(() => fake.commands.length === 4, 'two FIN')
  assert.equal(handled, 1)
  assert.deepEqual(givenUp, [id(3)])
  assert.equal(consumer.stats.messagesGivenUp, 1)
  assert.equal(consumer.stats.messagesFinished, 2)
})

void test('messages can be iterated, and leaving the loop puts the rest back', async () => {
  await using fake = await FakeNsqd.start()
  const consumer = consumerOf(fake, { maxInFlight: 5 })
  const bodies: string[] = []
  const send = async (): Promise<void> => {
    await subscribed(fake)
    for (let i = 0; i < 5; i++) fake.last.message(String(i), `m${i}`)
  }
  void send()
  for await (const message of consumer) {
    bodies.push(message.text())
    message.finish()
    if (bodies.length === 3) break
  }
  assert.deepEqual(bodies, ['m0', 'm1', 'm2'])
  await fake.until(() => fake.last.isClosed, 'closed')
  assert.deepEqual(fake.commands.slice(2), [
    `FIN ${id(0)}`,
    `FIN ${id(1)}`,
    `FIN ${id(2)}`,
    `REQ ${id(3)} 0`,
    `REQ ${id(4)} 0`,
    'CLS',
  ])
})

void test('closing ends the iteration once what is in hand is answered', async () => {
  await using fake = await FakeNsqd.start()
  const consumer = consumerOf(fake, { maxInFlight: 5 })
  const bodies: string[] = []
  for await (const message of consumer.on('connect', () => {
    fake.last.message('1')
    fake.last.message('2')
  })) {
    bodies.push(message.id)
    void consumer.close()
    message.finish()
  }
  assert.ok(bodies.length >= 1)
  assert.equal(consumer.stats.messagesFinished, bodies.length)
})

void test('a long handler is touched for while it runs', async () => {
  const msgTimeoutMs = 800
  await using fake = await FakeNsqd.start({ identify: { msg_timeout: msgTimeoutMs } })
  await using consumer = consumerOf(fake, { autoTouch: true })
  const touches = (): number => fake.commands.filter((line) => line.startsWith('TOUCH')).length
  consumer.run(() => fake.until(() => touches() >= 2, 'two touches'))
  await subscribed(fake)
  const startedAt = performance.now()
  fake.last.message('1')
  await fake.until(() => fake.commands.at(-1) === `FIN ${id(1)}`, 'FIN')
  // Not before half of its time has gone since the last.
  const most = (performance.now() - startedAt) / (msgTimeoutMs / 2) + 1
  assert.ok(touches() <= most, `${touches()} touches > ${most}`)
})

void test('what waited too long for a handler is not handled', async () => {
  await using fake = await FakeNsqd.start({ identify: { msg_timeout: 50 } })
  await using consumer = consumerOf(fake, { maxInFlight: 2, concurrency: 1 })
  const handled: string[] = []
  consumer.run(async (message) => {
    handled.push(message.text())
    await sleep(80)
  })
  await subscribed(fake)
  fake.last.message('1', 'first')
  fake.last.message('2', 'second')
  await fake.until(() => fake.commands.length === 3, 'FIN')
  fake.last.message('2', 'second again')
  await fake.until(() => fake.commands.length === 4, 'FIN')
  assert.deepEqual(handled, ['first', 'second again'])
  assert.equal(consumer.stats.messagesInFlight, 0)
})

void test('close asks for no more, answers what is in hand, and closes', async () => {
  await using fake = await FakeNsqd.start()
  const consumer = consumerOf(fake, { maxInFlight: 3, concurrency: 1 })
  const handled: string[] = []
  consumer.run(async (message) => {
    await sleep(20)
    handled.push(message.id)
  })
  await subscribed(fake)
  for (let i = 0; i < 3; i++) fake.last.message(String(i))
  await fake.until(() => consumer.stats.messagesReceived === 3, 'messages')
  const closing = consumer.close()
  assert.equal(consumer.close(), closing)
  // A message written at that instant still comes, and is handled.
  await fake.until(() => fake.commands.includes('CLS'), 'CLS')
  fake.last.message('3')
  await closing
  assert.deepEqual(handled, [id(0), id(1), id(2), id(3)])
  await fake.until(() => fake.last.isClosed, 'closed')
  assert.equal(fake.commands.filter((command) => command.startsWith('FIN')).length, 4)
  assert.equal(consumer.stats.connections, 0)
  assert.throws(() => consumer.run(() => {}), { code: 'ERR_CLOSED' })
})

void test('close puts back what no handler has begun with when its time is over', async () => {
  await using fake = await FakeNsqd.start()
  const consumer = consumerOf(fake, { maxInFlight: 3, concurrency: 1, closeTimeoutMs: 20 })
  const free: (() => void)[] = []
  consumer.run(() => new Promise<void>((resolve) => free.push(resolve)))
  await subscribed(fake)
  for (let i = 0; i < 3; i++) fake.last.message(String(i))
  await fake.until(() => consumer.stats.messagesReceived === 3, 'messages')
  await consumer.close()
  await fake.until(() => fake.last.isClosed, 'closed')
  assert.deepEqual(fake.commands.slice(2), ['CLS', `REQ ${id(1)} 0`, `REQ ${id(2)} 0`])
  // An answer after that is too late, and harmless.
  for (const resolve of free) resolve()
  await sleep(1)
})

void test('comes back when nsqd restarts, and errors crash nobody', async () => {
  const fake = await FakeNsqd.start()
  const { port } = fake
  await using consumer = consumerOf(fake)
  consumer.run(() => {})
  await subscribed(fake)
  fake.last.error('E_FIN_FAILED FIN 1 failed ID not in flight')
  fake.last.error('E_TOUCH_FAILED TOUCH 1 failed ID not in flight')
  fake.last.message('1')
  await fake.until(() => fake.commands.length === 3, 'FIN')
  await fake.close()
  await sleep(50)
  await using again = await FakeNsqd.start({ listen: { port, host: '127.0.0.1' } })
  await subscribed(again)
  again.last.message('2')
  await again.until(() => again.commands.length === 3, 'FIN')
})

void test('errors are told to whoever listens', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = consumerOf(fake)
  const codes: string[] = []
  consumer.on('error', (error) => codes.push(error instanceof NsqError ? error.code : 'other'))
  consumer.run(() => {})
  await subscribed(fake)
  fake.last.error('E_REQ_FAILED REQ 1 failed ID not in flight')
  await fake.until(() => codes.length === 1, 'an error')
  fake.last.raw(Buffer.from('00000005000000027f', 'hex'))
  await fake.until(() => codes.length === 2, 'another')
  assert.deepEqual(codes, ['ERR_SERVER', 'ERR_PROTOCOL'])
})

void test('asks every nsqlookupd, and unites what they say', async () => {
  await using one = await FakeNsqd.start()
  await using two = await FakeNsqd.start()
  await using first = await FakeLookupd.start([one.port])
  await using second = await FakeLookupd.start([one.port, two.port])
  await using broken = await FakeLookupd.start()
  broken.answer = { status: 500, text: 'no' }
  await using unknown = await FakeLookupd.start()
  unknown.answer = { status: 404, text: '{"message":"TOPIC_NOT_FOUND"}' }
  const errors: Error[] = []
  await using consumer = new Consumer({
    topic: 't',
    channel: 'c',
    lookupd: [first, second, broken, unknown].map((lookupd) => lookupd.address),
    authSecret: 'secret',
    maxInFlight: 2,
    ...QUICK,
  })
  consumer.on('error', (error) => errors.push(error))
  consumer.run(() => {})
  await subscribed(one)
  await subscribed(two)
  assert.equal(one.sessions.length + two.sessions.length, 2)
  assert.equal(errors.length, 1)
  assert.match(String(errors[0]?.message), /answered 500 no$/)
  const [request] = first.requests
  assert.equal(request?.url, '/lookup?topic=t')
  assert.equal(request.headers['accept'], 'application/vnd.nsq; version=1.0')
  assert.equal(request.headers['authorization'], 'Bearer secret')
})

void test('finds nodes that come later, and follows those that move', async () => {
  const one = await FakeNsqd.start()
  await using two = await FakeNsqd.start()
  await using lookupd = await FakeLookupd.start()
  await using silent = await FakeLookupd.start()
  silent.isSilent = true
  await using consumer = new Consumer({
    topic: 't',
    channel: 'c',
    lookupd: [lookupd.address, `http://${silent.address}/`],
    lookupdPollIntervalMs: 20,
    lookupdPollTimeoutMs: 10,
    discoveryFilter: (found) => found.filter((address) => !address.endsWith(':1')),
    ...QUICK,
  })
  consumer.run(() => {})
  await sleep(30)
  lookupd.ports = [one.port, 1]
  await subscribed(one)
  lookupd.ports = [two.port]
  await one.close()
  await subscribed(two)
  assert.equal(two.sessions.length, 1)
})

void test('nodes can be added and removed while it runs', async () => {
  await using one = await FakeNsqd.start()
  await using two = await FakeNsqd.start()
  await using consumer = consumerOf(one, { maxInFlight: 10 })
  consumer.run(() => {})
  await subscribed(one)
  await consumer.addNsqd(two.address)
  await two.until(() => two.commands.length === 2)
  assert.deepEqual(two.commands, ['SUB t c', 'RDY 5'])
  await assert.rejects(consumer.addNsqd(two.address), { message: /^already connected/ })
  consumer.removeNsqd(one.address)
  await one.until(() => one.last.isClosed, 'closed')
  assert.deepEqual(one.commands, ['SUB t c', 'RDY 10', 'RDY 5', 'CLS'])
  await two.until(() => two.commands.length === 3)
  assert.equal(two.commands[2], 'RDY 10')
  assert.throws(() => consumer.removeNsqd(one.address), { message: /^not connected/ })
  const gone = await FakeNsqd.start()
  await gone.close()
  await assert.rejects(consumer.addNsqd(gone.address), { code: 'ERR_CONNECT' })
  consumer.removeNsqd(gone.address)
})

void test('20 nsqd, maxInFlight 1, one with messages: its turn comes', async () => {
  // How soon is told with fake time, in ready-control.test.ts; here the limit is what a busy machine needs.
  const fakes = await Promise.all(Array.from({ length: 20 }, () => FakeNsqd.start()))
  const [busy] = fakes.slice(13)
  try {
    const nsqd = fakes.map(({ address }) => address)
    await using consumer = new Consumer({ topic: 't', channel: 'c', nsqd, ...QUICK })
    let isWaiting = true
    consumer.run(() => {
      isWaiting = false
    })
    await Promise.all(fakes.map((fake) => fake.until(() => fake.commands.length >= 1)))
    await busy!.until(() => busy!.commands.at(-1) === 'RDY 1', 'RDY 1')
    busy!.last.message('1')
    await busy!.until(() => !isWaiting, 'the message')
  } finally {
    await Promise.all(fakes.map((fake) => fake.close()))
  }
})

void test('bad names, addresses and options are refused', () => {
  const good = { topic: 't', channel: 'c', nsqd: 'h:1' }
  assert.throws(() => new Consumer({ ...good, topic: 'a b' }), { code: 'ERR_TOPIC_NAME' })
  assert.throws(() => new Consumer({ ...good, channel: '' }), { code: 'ERR_CHANNEL_NAME' })
  assert.throws(() => new Consumer({ ...good, nsqd: 'h' }), { code: 'ERR_ADDRESS' })
  assert.throws(() => new Consumer({ ...good, lookupd: 'host' }), { message: /missing port/ })
  assert.throws(() => new Consumer({ topic: 't', channel: 'c' }), { code: 'ERR_OPTION' })
  assert.throws(() => new Consumer({ ...good, heartbeatIntervalMs: -1 }), { code: 'ERR_OPTION' })
  const wrong: unknown = 'linear'
  // @ts-expect-error -- no such strategy
  assert.throws(() => new Consumer({ ...good, backoffStrategy: wrong }), {
    message: 'invalid backoffStrategy: "linear" is none of exponential, full_jitter',
  })
  // @ts-expect-error -- a handler is a function
  assert.throws(() => new Consumer(good).run(undefined), { code: 'ERR_ARGUMENT' })
})

void test('a signal closes the consumer', async () => {
  await using fake = await FakeNsqd.start()
  await using consumer = consumerOf(fake)
  const aborter = new AbortController()
  consumer.run(() => {}, { signal: aborter.signal })
  await subscribed(fake)
  aborter.abort()
  await fake.until(() => fake.last.isClosed, 'closed')
})
