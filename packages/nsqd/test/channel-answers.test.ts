import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodies } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

test('a finished message does not come again', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.pub('m1')
  assert.equal(consumer.finish(consumer.newest), 'done')
  assert.equal(consumer.finish(consumer.newest), 'not in flight')
  assert.equal(consumer.requeue(consumer.newest, 0), 'not in flight')
  assert.equal(consumer.touch(consumer.newest), 'not in flight')
  broker.advance(600_000)
  assert.equal(consumer.deliveries.length, 1)
  assert.equal(consumer.inFlight, 0)
  assert.equal(broker.c.stats().inFlightCount, 0)
})

test('only who holds a message may answer it', () => {
  const broker = new MemoryBroker()
  const owner = broker.consume('c', { readyCount: 1 })
  broker.pub('m1')
  const other = broker.consume('c')
  assert.equal(other.finish(owner.newest), 'not owned')
  assert.equal(other.requeue(owner.newest, 0), 'not owned')
  assert.equal(other.touch(owner.newest), 'not owned')
  assert.equal(broker.c.stats().inFlightCount, 1)
  assert.equal(owner.touch(owner.newest), 'done')
  assert.equal(owner.finish(owner.newest), 'done')
})

test('ids that are none of this topic are not in flight', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.pub('m1')
  const { id } = consumer.newest
  const wrong = [
    '0000000000000000',
    'zzzzzzzzzzzzzzzz',
    `${id.slice(0, 5)}${id[5] === '0' ? '1' : '0'}${id.slice(6)}`,
    `${id.slice(0, 15)}f`,
    id.toUpperCase().replace('0', 'A'),
    id.slice(0, 8),
  ]
  for (const other of wrong) {
    assert.equal(consumer.finish({ id: other }), 'not in flight', other)
    assert.equal(consumer.requeue({ id: other }, 0), 'not in flight', other)
    assert.equal(consumer.touch({ id: other }), 'not in flight', other)
  }
  assert.equal(consumer.finish({ id }), 'done')
})

test('a message that is not delivered yet cannot be answered', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume('c', { readyCount: 1 })
  broker.pub('m1', 'm2')
  const next = (BigInt(`0x${consumer.newest.id}`) + 1n).toString(16).padStart(16, '0')
  assert.equal(consumer.finish({ id: next }), 'not in flight')
  assert.equal(consumer.requeue({ id: next }, 5), 'not in flight')
})

test('a requeued message comes again at once with one more attempt', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.pub('m1')
  for (let attempts = 1; attempts <= 5; attempts++) {
    assert.equal(consumer.newest.attempts, attempts)
    assert.equal(consumer.requeue(consumer.newest, 0), 'done')
    assert.equal(consumer.requeue(consumer.newest, 0), 'not in flight')
    assert.equal(broker.c.stats().depth, 1)
    broker.run()
  }
  assert.equal(broker.c.stats().requeueCount, 5)
  assert.equal(new Set(consumer.deliveries.map(({ id }) => id)).size, 1)
  assert.equal(new Set(consumer.deliveries.map(({ timestampNs }) => timestampNs)).size, 1)
})

test('a message requeued with a delay waits for it', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  broker.pub('m1')
  consumer.requeue(consumer.newest, 1_500)
  const { deferredCount, depth, inFlightCount } = broker.c.stats()
  assert.deepEqual([deferredCount, depth, inFlightCount], [1, 0, 0])
  broker.advance(1_499)
  assert.equal(consumer.deliveries.length, 1)
  broker.advance(1)
  assert.equal(consumer.deliveries.length, 2)
  assert.equal(consumer.newest.attempts, 2)
  assert.equal(broker.c.stats().deferredCount, 0)
})

test('what a subscriber held comes again at once and in order when it leaves', () => {
  const broker = new MemoryBroker()
  const leaver = broker.consume('c', { readyCount: 300 })
  broker.mpub(bodies(1, 300))
  for (const [i, delivery] of leaver.take().entries()) if (i % 3 === 0) leaver.finish(delivery)
  const other = broker.consume('c')
  broker.run()
  leaver.leave()
  assert.equal(leaver.inFlight, 0)
  assert.equal(broker.c.stats().inFlightCount, 0)
  assert.equal(broker.c.stats().depth, 200)
  broker.run()
  const again = other.take()
  const expected = bodies(1, 300).filter((_, i) => i % 3 !== 0)
  assert.deepEqual(
    again.map(({ body }) => body),
    expected,
  )
  assert.ok(again.every(({ attempts }) => attempts === 2))
  assert.equal(leaver.finish(again[0]!), 'not owned')
})

test('what a subscriber held is shared among those who stay', () => {
  const broker = new MemoryBroker()
  const leaver = broker.consume('c', { readyCount: 100 })
  broker.mpub(bodies(1, 100))
  const stayers = [1, 2].map(() => broker.consume('c', { readyCount: 100 }))
  leaver.leave()
  leaver.leave()
  broker.run()
  const counts = stayers.map(({ inFlight }) => inFlight)
  assert.equal(counts[0]! + counts[1]!, 100)
  assert.ok(Math.min(...counts) >= 30, `shares ${counts.join(' ')}`)
})

test('a full channel takes no more subscribers', () => {
  const broker = new MemoryBroker({ maxChannelConsumers: 2 })
  const first = broker.consume()
  broker.consume()
  assert.throws(() => broker.consume(), { name: 'ChannelFull', code: 'E_SUB_FAILED' })
  first.leave()
  broker.consume()
})

test('answers are taken for the ids of an earlier node id too', async () => {
  const broker = new MemoryBroker({ nodeId: 7 })
  const consumer = broker.consume()
  broker.pub('m1')
  consumer.leave()
  const renamed = await broker.reopen(0, { nodeId: 8 })
  renamed.pub('m2')
  const after = renamed.consume()
  renamed.run()
  const [first, second] = after.take().toSorted((a, b) => (a.body < b.body ? -1 : 1))
  assert.deepEqual([first!.body, second!.body], ['m1', 'm2'])
  assert.notEqual(first!.id.slice(0, 6), second!.id.slice(0, 6))
  assert.equal(after.finish(first!), 'done')
  assert.equal(after.finish(second!), 'done')
})
