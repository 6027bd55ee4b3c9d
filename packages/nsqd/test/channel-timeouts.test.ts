import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Broker, CHANNEL, freshFiles, TOPIC } from './support/broker.ts'
import { bodies } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'
import { WorkingClock } from './support/working-clock.ts'

/** Deliveries up to so many milliseconds apart time out together. */
const SLACK_MS = 10

test('a message left unanswered comes again after the timeout of who holds it', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000 })
  broker.pub('m1')
  broker.advance(999)
  assert.equal(consumer.deliveries.length, 1)
  broker.advance(1 + SLACK_MS)
  assert.equal(consumer.deliveries.length, 2)
  assert.equal(consumer.newest.attempts, 2)
  assert.equal(broker.c.stats().timeoutCount, 1)
  assert.equal(consumer.inFlight, 1)
})

test('an answer after the timeout is refused until the message is delivered again', () => {
  const broker = new MemoryBroker()
  const slow = broker.consume('c', { msgTimeoutMs: 100, readyCount: 1 })
  broker.pub('m1')
  slow.setReady(0)
  broker.advance(100 + SLACK_MS)
  assert.equal(slow.inFlight, 0)
  assert.equal(slow.finish(slow.newest), 'not in flight')
  const other = broker.consume('c')
  broker.run()
  assert.equal(slow.finish(slow.newest), 'not owned')
  assert.equal(other.finish(other.newest), 'done')
})

test('messages time out in the order of their deadlines, whoever holds them', () => {
  const broker = new MemoryBroker()
  const hasty = broker.consume('c', { msgTimeoutMs: 300, readyCount: 0 })
  const patient = broker.consume('c', { msgTimeoutMs: 1_000, readyCount: 0 })
  const deliverTo = (consumer: typeof hasty, body: string): void => {
    consumer.setReady(consumer.inFlight + 1)
    broker.pub(body)
    consumer.setReady(0)
    assert.equal(consumer.newest.body, body)
  }
  deliverTo(patient, 'due at 1000')
  broker.advance(100)
  deliverTo(hasty, 'due at 400')
  broker.advance(100)
  deliverTo(patient, 'due at 1200')
  broker.advance(200)
  deliverTo(hasty, 'due at 700')
  broker.advance(399)
  assert.equal(broker.c.stats().timeoutCount, 2)
  broker.advance(5_000)
  const other = broker.consume('c')
  broker.run()
  assert.deepEqual(other.takeBodies(), ['due at 400', 'due at 700', 'due at 1000', 'due at 1200'])
})

test('many that were delivered together time out together, in order', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { msgTimeoutMs: 500 })
  broker.mpub(bodies(1, 5_000))
  for (const [i, delivery] of consumer.take().entries()) if (i % 2 === 0) consumer.finish(delivery)
  broker.advance(500 + SLACK_MS)
  assert.deepEqual(
    consumer.takeBodies(),
    bodies(1, 5_000).filter((_, i) => i % 2 === 1),
  )
  assert.equal(broker.c.stats().timeoutCount, 2_500)
})

test('a touched message times out later', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000 })
  broker.pub('m1', 'm2')
  const [first] = consumer.take()
  broker.advance(800)
  assert.equal(consumer.touch(first!), 'done')
  broker.advance(200 + SLACK_MS)
  assert.deepEqual(consumer.takeBodies(), ['m2'])
  broker.advance(780)
  assert.deepEqual(consumer.takeBodies(), [])
  broker.advance(10 + SLACK_MS)
  assert.deepEqual(consumer.takeBodies(), ['m1'])
})

test('a message touched again and again times out at --max-msg-timeout all the same', () => {
  const broker = new MemoryBroker({ maxMsgTimeoutMs: 5_000, msgTimeoutMs: 1_000 })
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000 })
  broker.pub('m1')
  const [first] = consumer.take()
  let outcome = consumer.touch(first!)
  while (broker.clock.now() < 4_950) {
    broker.advance(50)
    outcome = consumer.touch(first!)
    assert.equal(outcome, 'done')
  }
  assert.equal(consumer.deliveries.length, 1)
  broker.advance(50 + SLACK_MS)
  assert.equal(consumer.deliveries.length, 2)
  assert.equal(broker.c.stats().timeoutCount, 1)
  broker.advance(4_000)
})

test('the cap counts from the delivery at hand, not from the first', () => {
  const broker = new MemoryBroker({ maxMsgTimeoutMs: 2_000, msgTimeoutMs: 1_000 })
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000 })
  broker.pub('m1')
  broker.advance(900)
  consumer.requeue(consumer.newest, 0)
  broker.run()
  for (let i = 0; i < 19; i++) {
    broker.advance(100)
    assert.equal(consumer.touch(consumer.newest), 'done')
  }
  assert.equal(consumer.deliveries.length, 2)
  broker.advance(100 + SLACK_MS)
  assert.equal(consumer.deliveries.length, 3)
})

test('a message that was answered and delivered anew has a deadline of its own', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000 })
  broker.pub('m1')
  broker.advance(600)
  consumer.requeue(consumer.newest, 0)
  broker.run()
  assert.equal(consumer.deliveries.length, 2)
  broker.advance(900)
  assert.equal(consumer.deliveries.length, 2)
  broker.advance(100 + SLACK_MS)
  assert.equal(consumer.deliveries.length, 3)
})

test('a requeue right after the delivery does not shorten the next deadline', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000 })
  broker.pub('m1')
  broker.advance(7)
  consumer.requeue(consumer.newest, 0)
  broker.run()
  broker.advance(999)
  assert.equal(consumer.deliveries.length, 2)
  assert.equal(broker.c.stats().timeoutCount, 0)
  broker.advance(1 + SLACK_MS)
  assert.equal(consumer.deliveries.length, 3)
})

test('thousands of deliveries in flight at once all keep their deadlines', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { msgTimeoutMs: 1_000_000 })
  for (let i = 0; i < 9_000; i++) {
    broker.publish('t', `m${i}`)
    broker.run()
    broker.clock.advance(11)
    // Few stay, so that the records of the others are dropped on the way.
    if (i % 10 !== 0) consumer.finish(consumer.newest)
  }
  consumer.take()
  assert.equal(consumer.inFlight, 900)
  broker.clock.advance(1_000_000 - broker.clock.now())
  broker.run()
  const times: number[] = []
  for (let i = 0; i < 900; i++) {
    broker.advance(110)
    for (const { body } of consumer.take()) times.push(Number(body.slice(1)))
  }
  assert.deepEqual(
    times,
    Array.from({ length: 900 }, (_, i) => i * 10),
  )
})

const MANY = 5_000

/** How many timers it takes until all that is due has been seen to. */
function timersFor(broker: Broker, clock: WorkingClock, ms: number): number {
  const before = clock.timers
  clock.costMs = 10
  broker.advance(ms)
  clock.costMs = 0
  return clock.timers - before
}

test('a great many that time out at once do so in stretches, each once', () => {
  const clock = new WorkingClock()
  const broker = new Broker(freshFiles(), {}, clock)
  const reader = broker.subscribe(TOPIC, CHANNEL)
  const expected = bodies(1, MANY)
  broker.publishMany(TOPIC, expected)
  broker.run()
  assert.equal(reader.inFlight, MANY)
  reader.readyCount = 0
  const timers = timersFor(broker, clock, reader.msgTimeoutMs + SLACK_MS)
  assert.ok(timers >= 5, `${timers} timers`)
  const channel = broker.channel(TOPIC, CHANNEL)
  const { depth, inFlightCount, timeoutCount } = channel.stats()
  assert.deepEqual([depth, inFlightCount, timeoutCount, reader.inFlight], [MANY, 0, MANY, 0])
  reader.readyCount = Infinity
  channel.ready(reader)
  broker.run()
  assert.deepEqual(
    reader.received.slice(MANY).map(({ body, attempts }) => [body, attempts]),
    expected.map((body) => [body, 2]),
  )
})

test('a great many that come due at once do so in stretches, each once', () => {
  const clock = new WorkingClock()
  const broker = new Broker(freshFiles(), {}, clock)
  const reader = broker.subscribe(TOPIC, CHANNEL)
  const expected = bodies(1, MANY)
  for (const body of expected) broker.publish(TOPIC, body, 1_000)
  broker.run()
  const timers = timersFor(broker, clock, 1_000)
  assert.ok(timers >= 5, `${timers} timers`)
  assert.deepEqual(reader.received.map(({ body }) => body).toSorted(), expected.toSorted())
  assert.equal(broker.channel(TOPIC, CHANNEL).stats().deferredCount, 0)
})
