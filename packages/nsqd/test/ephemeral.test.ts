import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodies, Consumer } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

const TOPIC = 'e#ephemeral'
const CHANNEL = 'c#ephemeral'

function consume(broker: MemoryBroker, channel: string, readyCount = 1_000_000): Consumer {
  return new Consumer(broker.channel(TOPIC, channel), { readyCount })
}

function publish(broker: MemoryBroker, ...all: string[]): void {
  for (const body of all) broker.publish(TOPIC, body)
  broker.run()
}

test('an ephemeral channel goes when its last subscriber leaves', () => {
  const broker = new MemoryBroker()
  broker.channel('t', 'lasting')
  const first = broker.consume(CHANNEL)
  const second = broker.consume(CHANNEL)
  first.leave()
  assert.equal(broker.t.channels.size, 2)
  second.leave()
  assert.deepEqual([...broker.t.channels.keys()], ['lasting'])
  broker.pub('m1')
})

test('an ephemeral topic goes with its last channel', () => {
  const broker = new MemoryBroker()
  const consumer = consume(broker, CHANNEL)
  publish(broker, 'm1')
  assert.deepEqual(consumer.takeBodies(), ['m1'])
  consumer.leave()
  assert.equal(broker.topics.find(TOPIC), undefined)
  assert.deepEqual(
    broker.files.allFiles().filter((file) => file.includes('ephemeral')),
    [],
  )
})

test('an ephemeral topic is not there after a restart, nor is an ephemeral channel', async () => {
  const broker = new MemoryBroker()
  consume(broker, CHANNEL)
  broker.consume(CHANNEL)
  broker.pub('m1')
  publish(broker, 'm2')
  const reopened = await broker.reopen()
  assert.deepEqual(
    reopened.topics.list().map(({ name }) => name),
    ['t'],
  )
  assert.equal(reopened.t.channels.size, 0)
})

test('an ephemeral topic delivers, times out, requeues and defers like any other', () => {
  const broker = new MemoryBroker()
  const consumer = consume(broker, 'lasting')
  publish(broker, 'm1', 'm2')
  const [first, second] = consumer.take()
  consumer.requeue(first!, 0)
  consumer.requeue(second!, 500)
  broker.publish(TOPIC, 'd', 1_000)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['m1'])
  broker.advance(500)
  assert.deepEqual(consumer.takeBodies(), ['m2'])
  broker.advance(500)
  assert.deepEqual(consumer.takeBodies(), ['d'])
  broker.advance(60_100)
  assert.deepEqual(consumer.takeBodies().toSorted(), ['d', 'm1', 'm2'])
})

test('an ephemeral topic that nobody reads keeps its newest', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  for (let i = 1; i <= 100; i++) publish(broker, `m${i}`)
  assert.equal(broker.topic(TOPIC).stats().depth, 10)
  const consumer = consume(broker, CHANNEL)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), bodies(91, 100))
})

test('an ephemeral channel that lags drops the oldest and counts them', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const consumer = broker.consume(CHANNEL, { readyCount: 1 })
  const lasting = broker.consume('lasting')
  broker.pub('m0')
  for (let i = 1; i <= 50; i++) broker.pub(`m${i}`)
  const stats = broker.channel('t', CHANNEL).stats()
  assert.equal(stats.droppedCount, 40)
  assert.equal(stats.depth, 10)
  assert.equal(stats.messageCount, 51)
  assert.equal(lasting.deliveries.length, 51)
  consumer.setReady(100)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['m0', ...bodies(41, 50)])
})

test('an ephemeral channel drops nothing that its subscribers can take at once', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const consumer = broker.consume(CHANNEL)
  broker.mpub(bodies(1, 500))
  assert.deepEqual(consumer.takeBodies(), bodies(1, 500))
  assert.equal(broker.channel('t', CHANNEL).stats().droppedCount, 0)
})

test('with --mem-queue-size=0 an ephemeral channel holds nothing but still delivers', () => {
  const broker = new MemoryBroker({ memQueueSize: 0 })
  const consumer = broker.consume(CHANNEL, { readyCount: 1 })
  broker.pub('m1')
  assert.deepEqual(consumer.takeBodies(), ['m1'])
  broker.pub('m2')
  consumer.finish(consumer.newest)
  broker.pub('m3')
  assert.deepEqual(consumer.takeBodies(), ['m3'])
  assert.equal(broker.channel('t', CHANNEL).stats().droppedCount, 1)
})

test('deferred messages that a lagging ephemeral channel passes over are not dropped', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const consumer = broker.consume(CHANNEL, { readyCount: 0 })
  broker.dpub('d', 1_000)
  for (let i = 1; i <= 30; i++) broker.pub(`m${i}`)
  const { depth, deferredCount, droppedCount, messageCount } = broker.channel('t', CHANNEL).stats()
  assert.equal(depth + deferredCount + droppedCount, messageCount)
  assert.deepEqual([depth, deferredCount], [10, 1])
  consumer.setReady(100)
  broker.advance(1_000)
  assert.deepEqual(consumer.takeBodies(), [...bodies(21, 30), 'd'])
})

test('a channel of an ephemeral topic keeps no more than --mem-queue-size', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const lasting = broker.channel(TOPIC, 'lasting')
  for (let i = 1; i <= 100; i++) publish(broker, `m${i}`)
  assert.equal(lasting.stats().depth, 10)
  assert.equal(lasting.stats().droppedCount, 90)
  const consumer = consume(broker, 'lasting')
  broker.run()
  assert.deepEqual(consumer.takeBodies(), bodies(91, 100))
})

test('a paused ephemeral topic keeps no more than --mem-queue-size either', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const consumer = consume(broker, CHANNEL)
  broker.topic(TOPIC).setPaused(true)
  for (let i = 1; i <= 100; i++) publish(broker, `m${i}`)
  assert.equal(broker.topic(TOPIC).stats().depth, 10)
  broker.topic(TOPIC).setPaused(false)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), bodies(91, 100))
})

test('one message stuck in an ephemeral topic does not keep all that came after it', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const consumer = consume(broker, CHANNEL)
  broker.publish(TOPIC, 'd', 600_000)
  publish(broker, 'stuck')
  const stuck = consumer.newest
  const body = 'x'.repeat(10_000)
  for (let i = 0; i < 1_000; i++) {
    publish(broker, body)
    assert.equal(consumer.finish(consumer.newest), 'done')
  }
  const { pool } = broker.topics.logContext
  assert.ok(pool.allocatedBytes < 2 * 1024 * 1024, `${pool.allocatedBytes} bytes`)
  consumer.requeue(stuck, 0)
  broker.run()
  assert.equal(consumer.newest.body, 'stuck')
  broker.advance(600_000)
  assert.ok(consumer.deliveries.some((delivery) => delivery.body === 'd'))
})

test('messages deferred here and there in an ephemeral topic keep little but themselves', () => {
  const broker = new MemoryBroker({ memQueueSize: 10 })
  const consumer = consume(broker, CHANNEL)
  const body = 'x'.repeat(10_000)
  const wanted: string[] = []
  for (let i = 0; i < 200; i++) {
    wanted.push(`deferred ${i}`)
    broker.publish(TOPIC, `deferred ${i}`, 600_000)
    for (let j = 0; j < 30; j++) {
      publish(broker, body)
      assert.equal(consumer.finish(consumer.newest), 'done')
    }
  }
  const { pool } = broker.topics.logContext
  assert.ok(pool.allocatedBytes < 8 * 1024 * 1024, `${pool.allocatedBytes} bytes`)
  broker.advance(600_000)
  const come = consumer.deliveries.map((delivery) => delivery.body).filter((text) => text !== body)
  assert.deepEqual(come.toSorted(), wanted.toSorted())
})
