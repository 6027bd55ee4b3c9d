import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodies } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

test("a topic's first channel gets what waited, later ones start at the end", () => {
  const broker = new MemoryBroker()
  broker.pub('m1', 'm2')
  const first = broker.consume('first')
  broker.run()
  assert.deepEqual(first.takeBodies(), ['m1', 'm2'])
  const second = broker.consume('second')
  broker.pub('m3')
  assert.deepEqual(first.takeBodies(), ['m3'])
  assert.deepEqual(second.takeBodies(), ['m3'])
})

test('every channel gets every message, in order', () => {
  const broker = new MemoryBroker()
  const consumers = ['a', 'b', 'c'].map((name) => broker.consume(name))
  broker.mpub(bodies(1, 500))
  broker.pub('m501')
  broker.mpub(bodies(502, 700))
  for (const consumer of consumers) assert.deepEqual(consumer.takeBodies(), bodies(1, 700))
})

test('nothing is delivered before it is committed', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.run()
  broker.publish('t', 'm1')
  assert.deepEqual(consumer.takeBodies(), [])
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['m1'])
})

test('a message has its id, its time and one attempt', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.advance(5)
  broker.pub('m1', 'm2')
  const [first, second] = consumer.take()
  assert.match(first!.id, /^01c[0-9a-f]{13}$/)
  assert.equal(BigInt(`0x${second!.id}`) - BigInt(`0x${first!.id}`), 1n)
  assert.equal(first!.timestampNs, BigInt(broker.clock.wallMs()) * 1_000_000n)
  assert.equal(first!.attempts, 1)
})

test('a subscriber never has more in flight than its ready count', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { readyCount: 3 })
  broker.mpub(bodies(1, 10))
  const [first, second] = consumer.take()
  assert.equal(consumer.inFlight, 3)
  consumer.finish(first!)
  consumer.finish(second!)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['m4', 'm5'])
  consumer.setReady(5)
  broker.run()
  assert.equal(consumer.inFlight, 5)
  consumer.setReady(1)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['m6', 'm7'])
  consumer.setReady(0)
  for (const delivery of consumer.deliveries.slice(2)) consumer.finish(delivery)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), [])
  consumer.setReady(1)
  broker.run()
  assert.deepEqual(consumer.takeBodies(), ['m8'])
})

test('what waits is shared fairly among those that are ready, whatever their ready counts', () => {
  const broker = new MemoryBroker()
  const large = broker.consume('c', { readyCount: 2_500 })
  const others = [1, 2, 3].map(() => broker.consume('c', { readyCount: 250 }))
  broker.mpub(bodies(1, 400))
  const counts = [large, ...others].map(({ inFlight }) => inFlight)
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    400,
  )
  for (const count of counts) assert.ok(count >= 60, `shares ${counts.join(' ')}`)
  const small = broker.consume('c', { readyCount: 5 })
  broker.mpub(bodies(401, 500))
  assert.equal(small.inFlight, 5)
})

test('single messages go round', () => {
  const broker = new MemoryBroker()
  const consumers = [1, 2, 3].map(() => broker.consume('c', { readyCount: 100 }))
  for (let i = 1; i <= 30; i++) broker.pub(`m${i}`)
  for (const consumer of consumers) assert.equal(consumer.deliveries.length, 10)
})

test('a subscriber whose socket pushes back gets nothing; others go on', () => {
  const broker = new MemoryBroker()
  const stuck = broker.consume('c', { isSlow: true })
  const other = broker.consume('c')
  broker.mpub(bodies(1, 10))
  assert.ok(stuck.take().length > 0)
  other.take()
  stuck.pushBack()
  broker.mpub(bodies(11, 30))
  broker.pub('m31')
  assert.deepEqual(stuck.take(), [])
  assert.deepEqual(other.takeBodies(), bodies(11, 31))
  stuck.drain()
  broker.mpub(bodies(32, 41))
  assert.ok(stuck.take().length > 0)
})

test('a channel without subscribers keeps everything', () => {
  const broker = new MemoryBroker()
  assert.equal(broker.c.stats().depth, 0)
  broker.mpub(bodies(1, 20))
  assert.equal(broker.c.stats().depth, 20)
  assert.deepEqual(broker.consume().takeBodies(), [])
  broker.run()
  assert.equal(broker.c.stats().depth, 0)
  assert.equal(broker.c.stats().inFlightCount, 20)
})

test('redelivery does not starve what is fresh', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { readyCount: 20 })
  broker.mpub(bodies(1, 200))
  for (let round = 0; round < 30; round++) {
    for (const delivery of consumer.take()) {
      if (delivery.attempts > 1 || Number(delivery.body.slice(1)) % 2 === 0) {
        consumer.requeue(delivery, 0)
      } else {
        consumer.finish(delivery)
      }
    }
    broker.run()
  }
  const seen = new Set(consumer.deliveries.map(({ body }) => body))
  assert.ok(seen.size > 100, `${seen.size} fresh ones came through`)
  assert.ok(consumer.deliveries.some(({ attempts }) => attempts > 3))
})

test('what is fresh does not starve redelivery', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { readyCount: 10 })
  broker.mpub(bodies(1, 1_000))
  const [first, ...rest] = consumer.take()
  consumer.requeue(first!, 0)
  for (const delivery of rest) consumer.finish(delivery)
  for (let round = 0; round < 3; round++) {
    broker.run()
    consumer.finishAll()
    broker.publishMany('t', bodies(2_000, 2_100))
  }
  const again = consumer.deliveries.filter(({ body }) => body === 'm1')
  assert.deepEqual(
    again.map(({ attempts }) => attempts),
    [1, 2],
  )
})

test('a sampling subscriber gets its percentage, the rest is dropped and counted', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { sampleRate: 25 })
  broker.mpub(bodies(1, 10_000))
  const count = consumer.deliveries.length
  assert.ok(count > 2_200 && count < 2_800, `${count} of 10000`)
  const stats = broker.c.stats()
  assert.equal(stats.droppedCount, 10_000 - count)
  assert.equal(stats.inFlightCount, count)
  assert.equal(stats.depth, 0)
  const got = consumer.finishAll()
  assert.equal(new Set(got).size, count)
  assert.equal(broker.c.floor, broker.c.cursor)
})

test('sampling drops from what comes again too', () => {
  const broker = new MemoryBroker()
  const whole = broker.consume('c')
  broker.mpub(bodies(1, 1_000))
  whole.leave()
  const sampling = broker.consume('c', { sampleRate: 50 })
  broker.run()
  const count = sampling.deliveries.length
  assert.ok(count > 350 && count < 650, `${count} of 1000`)
  assert.equal(broker.c.stats().droppedCount, 1_000 - count)
  assert.equal(broker.c.stats().inFlightCount, count)
})

test('messages of all sizes go out whole, in slices that are not too long', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { isSlow: true })
  const sizes = [1, 100, 40_000, 300_000, 7, 262_104, 262_070, 262_071, 900_000, 3, 131_072, 1]
  const all = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size))
  broker.mpub(all)
  broker.pub(...all)
  assert.deepEqual(consumer.takeBodies(), [...all, ...all])
  consumer.drain()
  broker.mpub(bodies(1, 20_000))
  assert.deepEqual(consumer.takeBodies(), bodies(1, 20_000))
  assert.ok(Math.max(...consumer.slices) * 36 < 200 * 1024)
})
