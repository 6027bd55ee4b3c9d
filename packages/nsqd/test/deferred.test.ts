import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Broker, CHANNEL, freshFiles, TOPIC } from './support/broker.ts'
import { bodies } from './support/consumer.ts'
import { FaultyFiles, inputOutput } from './support/faulty-files.ts'
import { MemoryBroker } from './support/memory-broker.ts'

test('a deferred message is delivered when it is due, with one attempt', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.dpub('later', 1_000)
  broker.pub('now')
  assert.deepEqual(consumer.takeBodies(), ['now'])
  const { deferredCount, depth, messageCount } = broker.c.stats()
  assert.deepEqual([deferredCount, depth, messageCount], [1, 0, 2])
  broker.advance(999)
  assert.deepEqual(consumer.take(), [])
  broker.advance(1)
  const [later] = consumer.take()
  assert.equal(later!.body, 'later')
  assert.equal(later!.attempts, 1)
  assert.equal(consumer.finish(later!), 'done')
  assert.equal(broker.c.stats().deferredCount, 0)
  assert.equal(broker.c.stats().inFlightCount, 1)
})

test('deferred messages come in the order they are due, in every channel', () => {
  const broker = new MemoryBroker()
  const consumers = ['a', 'b'].map((name) => broker.consume(name))
  for (const delay of [500, 100, 900, 300, 700]) broker.dpub(`d${delay}`, delay)
  for (let i = 0; i < 10; i++) broker.advance(100)
  for (const consumer of consumers) {
    assert.deepEqual(consumer.takeBodies(), ['d100', 'd300', 'd500', 'd700', 'd900'])
  }
})

test('deferred messages among others leave the others in order', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  for (let i = 1; i <= 50; i++) {
    broker.publish('t', `m${i}`)
    broker.publish('t', `d${i}`, 1_000 + i)
  }
  broker.run()
  assert.deepEqual(consumer.takeBodies(), bodies(1, 50))
  assert.equal(broker.c.stats().deferredCount, 50)
  broker.advance(1_100)
  assert.deepEqual(
    consumer.takeBodies(),
    bodies(1, 50).map((body) => body.replace('m', 'd')),
  )
})

test('a deferred message that came due before the cursor reached it is delivered once', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { readyCount: 1 })
  broker.mpub(bodies(1, 5))
  broker.dpub('d', 100)
  broker.mpub(bodies(6, 8))
  broker.advance(100)
  assert.equal(broker.c.stats().depth, 8)
  assert.equal(broker.c.stats().deferredCount, 0)
  for (let i = 0; i < 20; i++) {
    consumer.finishAll()
    broker.run()
  }
  const got = consumer.deliveries.map(({ body }) => body)
  assert.deepEqual(got.toSorted(), ['d', ...bodies(1, 8)])
  assert.deepEqual(
    got.filter((body) => body !== 'd'),
    bodies(1, 8),
  )
  assert.ok(got.indexOf('d') < 4, 'it did not wait for its place in the log')
  assert.equal(broker.c.stats().depth, 0)
})

test('a deferred message overtaken and finished is counted out before the cursor is there', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { readyCount: 1 })
  broker.mpub(bodies(1, 5))
  broker.dpub('d', 100)
  broker.advance(100)
  consumer.finish(consumer.newest)
  broker.run()
  assert.equal(consumer.newest.body, 'd')
  consumer.setReady(0)
  consumer.finish(consumer.newest)
  assert.equal(broker.c.stats().depth, 4)
  consumer.setReady(10)
  broker.run()
  assert.deepEqual(consumer.takeBodies().slice(2), bodies(2, 5))
  assert.equal(broker.c.stats().depth, 0)
})

test('the backlog of a first channel keeps its due times', () => {
  const broker = new MemoryBroker()
  broker.dpub('past', 100)
  broker.dpub('future', 1_000)
  broker.pub('now')
  broker.advance(500)
  const consumer = broker.consume()
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['now'])
  broker.advance(0)
  broker.advance(1)
  assert.deepEqual(consumer.takeBodies(), ['past'])
  assert.equal(broker.c.stats().deferredCount, 1)
  broker.advance(499)
  assert.deepEqual(consumer.takeBodies(), ['future'])
})

test('a deferred message holds up no later channel', () => {
  const broker = new MemoryBroker()
  broker.channel('t', 'first')
  broker.dpub('d', 1_000)
  const late = broker.consume('late')
  broker.pub('m1')
  broker.advance(2_000)
  assert.deepEqual(late.takeBodies(), ['m1'])
})

test('deferred messages keep their due time over a restart', async () => {
  const first = new MemoryBroker()
  const before = first.consume()
  first.dpub('a', 10_000)
  first.dpub('b', 5_000)
  first.dpub('c', 1_000)
  first.pub('m1')
  before.requeue(before.newest, 7_000)
  before.leave()
  const second = await first.reopen(3_000)
  const after = second.consume()
  second.advance(1)
  assert.deepEqual(after.takeBodies(), ['c'])
  assert.equal(second.c.stats().deferredCount, 3)
  second.advance(1_998)
  assert.deepEqual(after.takeBodies(), [])
  second.advance(1)
  assert.deepEqual(after.takeBodies(), ['b'])
  second.advance(1_999)
  assert.deepEqual(after.takeBodies(), [])
  second.advance(1)
  assert.equal(after.newest.body, 'm1')
  assert.equal(after.newest.attempts, 2)
  after.take()
  second.advance(3_000)
  assert.deepEqual(after.takeBodies(), ['a'])
  assert.equal(after.newest.attempts, 1)
})

test('deferred messages that no channel had taken on keep their due time too', async () => {
  const first = new MemoryBroker()
  first.dpub('d', 5_000)
  first.pub('m')
  const second = await (await first.reopen(1_000)).reopen(1_000)
  const consumer = second.consume()
  second.run()
  assert.deepEqual(consumer.takeBodies(), ['m'])
  second.advance(2_999)
  assert.deepEqual(consumer.takeBodies(), [])
  second.advance(1)
  assert.deepEqual(consumer.takeBodies(), ['d'])
})

test('a deferred message ahead of the cursor is neither lost nor doubled by a restart', async () => {
  const first = new MemoryBroker()
  const before = first.consume('c', { readyCount: 1 })
  first.mpub(bodies(1, 3))
  first.dpub('overtaken', 100)
  first.dpub('waiting', 60_000)
  first.advance(100)
  before.finish(before.newest)
  first.run()
  assert.equal(before.newest.body, 'overtaken')
  before.setReady(0)
  before.finish(before.newest)
  before.leave()
  const second = await first.reopen()
  assert.equal(second.c.stats().depth, 2)
  assert.equal(second.c.stats().deferredCount, 1)
  const after = second.consume()
  second.run()
  assert.deepEqual(after.takeBodies(), ['m2', 'm3'])
  assert.equal(second.c.stats().depth, 0)
  second.advance(60_000)
  assert.deepEqual(
    after.takeBodies().filter((body) => body === 'waiting'),
    ['waiting'],
  )
})

test('after a kill deferred messages come once, when they are due', () => {
  const first = new MemoryBroker()
  first.consume()
  first.dpub('d1', 10_000)
  first.advance(1_500)
  first.dpub('d2', 10_000)
  const second = first.afterKill()
  const after = second.consume()
  second.advance(8_499)
  assert.deepEqual(after.takeBodies(), [])
  second.advance(1)
  assert.deepEqual(after.takeBodies(), ['d1'])
  second.advance(1_500)
  assert.deepEqual(after.takeBodies(), ['d2'])
  assert.equal(second.c.stats().deferredCount, 0)
})

test('a deferred message that is written before its turn ends is not passed over', () => {
  const broker = new MemoryBroker({ ackAfter: 'memory', syncTimeoutMs: 100 })
  const consumer = broker.consume()
  broker.pub('m1')
  broker.publish('t', 'd', 1_000)
  broker.clock.advance(100)
  broker.run()
  assert.equal(broker.c.stats().deferredCount, 1)
  broker.advance(1_000)
  assert.deepEqual(consumer.takeBodies(), ['m1', 'd'])
})

test('what is known to be deferred is not read back to get past it', async () => {
  const files = freshFiles()
  const before = new Broker(files)
  before.channel(TOPIC, CHANNEL)
  for (let i = 0; i < 1_000; i++) before.publish(TOPIC, `later ${i}`, 3_600_000)
  before.run()
  await before.close()

  const unreadable = new FaultyFiles(files)
  const broker = new Broker(unreadable)
  unreadable.fail('readLater', inputOutput)
  broker.publish(TOPIC, 'now')
  const reader = broker.subscribe(TOPIC, CHANNEL)
  broker.run()
  assert.deepEqual(
    reader.received.map(({ body }) => body),
    ['now'],
  )
  assert.equal(broker.channel(TOPIC, CHANNEL).stats().deferredCount, 1_000)
})

test('a great many deferred messages are passed in several turns', () => {
  const broker = new Broker(freshFiles())
  broker.channel(TOPIC, CHANNEL)
  for (let i = 0; i < 20_000; i++) broker.publish(TOPIC, `later ${i}`, 3_600_000)
  broker.publish(TOPIC, 'now')
  broker.run()
  const channel = broker.channel(TOPIC, CHANNEL)
  const reader = broker.subscribe(TOPIC, CHANNEL)
  let turns = 0
  for (; reader.received.length === 0; turns++) {
    assert.ok(broker.later.length > 0, `at rest after ${turns} turns, cursor ${channel.cursor}`)
    broker.later.step()
  }
  assert.equal(reader.received[0]!.body, 'now')
  assert.ok(turns >= 3, `${turns} turns`)
  assert.deepEqual([channel.stats().depth, channel.stats().deferredCount], [0, 20_000])
})
