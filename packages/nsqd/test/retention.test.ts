import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodies, type Consumer } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

const OPTIONS = { maxBytesPerFile: 2_000 }
/** Long enough for every checkpoint that is due. */
const CHECKPOINT_MS = 3_000

/** Publishes batches of 20 that fill a segment each, from m`from` on. */
function fillSegments(broker: MemoryBroker, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    broker.mpub(bodies(from + i * 20, from + i * 20 + 19).map((body) => body.padEnd(100, '.')))
  }
}

function settle(broker: MemoryBroker, consumer: Consumer): void {
  for (let i = 0; i < 3; i++) {
    consumer.finishAll()
    broker.run()
  }
  broker.advance(CHECKPOINT_MS)
}

test('a segment goes when every channel is past it', () => {
  const broker = new MemoryBroker(OPTIONS)
  const fast = broker.consume('fast')
  const slow = broker.consume('slow', { readyCount: 0 })
  fillSegments(broker, 1, 10)
  settle(broker, fast)
  assert.equal(broker.segments().length, 10)
  slow.setReady(60)
  broker.run()
  slow.setReady(0)
  settle(broker, slow)
  assert.deepEqual(broker.segments(), [61, 81, 101, 121, 141, 161, 181])
  slow.setReady(1_000)
  broker.run()
  settle(broker, slow)
  assert.equal(broker.segments().length, 1)
})

test('a delivered but unanswered message keeps its segment', () => {
  const broker = new MemoryBroker(OPTIONS)
  broker.consume()
  fillSegments(broker, 1, 2)
  broker.advance(CHECKPOINT_MS)
  assert.equal(broker.segments().length, 2)
})

test('one stuck message pins no segment but its own', () => {
  const broker = new MemoryBroker(OPTIONS)
  const consumer = broker.consume('c', { msgTimeoutMs: 900_000 })
  fillSegments(broker, 1, 3)
  const [stuck, ...others] = consumer.take()
  for (const delivery of others) consumer.finish(delivery)
  fillSegments(broker, 61, 20)
  settle(broker, consumer)
  const segments = broker.segments()
  assert.equal(segments[0], 1)
  assert.ok(segments.length <= 6, `segments ${segments.join(' ')}`)
  assert.equal(consumer.finish(stuck!), 'done')
  broker.advance(CHECKPOINT_MS)
  assert.ok(!broker.segments().includes(1))
})

test('a deferred message pins no segment but its own', () => {
  const broker = new MemoryBroker(OPTIONS)
  const consumer = broker.consume()
  broker.dpub('d', 100_000)
  fillSegments(broker, 1, 20)
  settle(broker, consumer)
  const segments = broker.segments()
  assert.equal(segments[0], 1)
  assert.ok(segments.length <= 3, `segments ${segments.join(' ')}`)
  broker.advance(100_000)
  assert.deepEqual(consumer.finishAll(), ['d'])
  broker.advance(CHECKPOINT_MS)
  assert.equal(broker.segments().length, 1)
})

test('what a topic buffers for its first channel is kept', () => {
  const broker = new MemoryBroker(OPTIONS)
  fillSegments(broker, 1, 5)
  broker.advance(60_000)
  assert.equal(broker.segments().length, 5)
  broker.t.empty()
  assert.ok(broker.segments().length <= 1)
})

test('an emptied channel lets go of its segments at once', () => {
  const broker = new MemoryBroker(OPTIONS)
  broker.channel('t', 'c')
  fillSegments(broker, 1, 8)
  broker.t.emptyChannel(broker.c)
  assert.equal(broker.segments().length, 1)
})

test('a deleted channel lets go of its segments at once', () => {
  const broker = new MemoryBroker(OPTIONS)
  const fast = broker.consume('fast')
  broker.channel('t', 'lagging')
  fillSegments(broker, 1, 8)
  settle(broker, fast)
  assert.equal(broker.segments().length, 8)
  broker.t.deleteChannel(broker.channel('t', 'lagging').name)
  assert.equal(broker.segments().length, 1)
  broker.t.deleteChannel(broker.channel('t', 'fast').name)
  fillSegments(broker, 161, 2)
  assert.equal(broker.t.stats().depth, 40)
})

test('an ephemeral channel holds no segment back past its limit', () => {
  const broker = new MemoryBroker({ ...OPTIONS, memQueueSize: 30 })
  const fast = broker.consume('fast')
  broker.consume('lagging#ephemeral', { readyCount: 0 })
  fillSegments(broker, 1, 20)
  settle(broker, fast)
  assert.ok(broker.segments().length <= 3, `segments ${broker.segments().join(' ')}`)
})

test('after a kill a channel whose checkpoint is older than the log counts what is there', () => {
  const broker = new MemoryBroker(OPTIONS)
  const consumers = ['a', 'b'].map((name) => broker.consume(name))
  broker.advance(CHECKPOINT_MS)
  fillSegments(broker, 1, 10)
  for (const consumer of consumers) consumer.finishAll()
  broker.run()
  // Only one of the two is saved, and the other, past the segments in memory, lets them go.
  broker.t.saveChannel(broker.channel('t', 'a'))
  broker.t.release()
  broker.run()
  const killed = broker.afterKill()
  const { depth } = killed.channel('t', 'b').stats()
  const late = killed.consume('b')
  killed.run()
  assert.equal(late.deliveries.length, depth)
  assert.equal(killed.channel('t', 'b').stats().depth, 0)
})
