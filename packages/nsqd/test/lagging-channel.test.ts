import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Consumer, type Delivery } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

const MIB = 1024 * 1024
const OPTIONS = { tailBytesPerTopic: MIB, tailBytes: 2 * MIB, maxBytesPerFile: 300_000 }

/** Some 5 MB in messages of mixed sizes, a few of them larger than a chunk. */
function publishMuch(broker: MemoryBroker): string[] {
  const all: string[] = []
  for (let batch = 0; batch < 60; batch++) {
    const group = Array.from({ length: 40 }, (_, i) => {
      const bytes = i === 7 && batch % 10 === 0 ? 400_000 : 10 + ((batch * 40 + i) % 37) * 50
      return `${batch}-${i} `.padEnd(bytes, String(i % 10))
    })
    all.push(...group)
    if (batch % 2 === 0) broker.mpub(group)
    else broker.pub(...group)
  }
  return all
}

function same(a: readonly Delivery[], b: readonly Delivery[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i]!
      return one.id === other.id && one.body === other.body && one.timestampNs === other.timestampNs
    })
  )
}

test('a lagging channel reads from disk what the others had from memory', () => {
  const broker = new MemoryBroker(OPTIONS)
  const live = broker.consume('live')
  broker.channel('t', 'lagging')
  const all = publishMuch(broker)
  assert.deepEqual(live.takeBodies(), all)
  const before = broker.channel('t', 'lagging').stats()
  assert.equal(before.depth, all.length)
  assert.ok(before.backendDepth > all.length / 2 && before.backendDepth < all.length)
  const late = broker.consume('lagging')
  broker.run()
  assert.ok(same(late.deliveries, live.deliveries))
  assert.equal(broker.channel('t', 'lagging').stats().depth, 0)
  assert.equal(broker.channel('t', 'lagging').stats().backendDepth, 0)
})

test('several channels lag at different places, and slow sockets keep their bytes', () => {
  const broker = new MemoryBroker(OPTIONS)
  const names = ['a', 'b', 'c', 'd']
  for (const name of names) broker.channel('t', name)
  const all = publishMuch(broker)
  const consumers = names.map((name, i) =>
    broker.consume(name, { readyCount: 7 + i * 60, isSlow: true }),
  )
  for (let round = 0; round < 2_000; round++) {
    broker.run()
    let isDone = true
    for (const consumer of consumers) {
      consumer.drain()
      if (consumer.finishAll().length > 0) isDone = false
    }
    if (isDone) break
  }
  for (const consumer of consumers) {
    const got = consumer.deliveries.map(({ body }) => body)
    assert.equal(got.length, all.length)
    assert.ok(got.every((body, i) => body === all[i]))
  }
})

test('old messages come again from disk with their attempts', () => {
  const broker = new MemoryBroker(OPTIONS)
  const consumer = broker.consume('c')
  const all = publishMuch(broker)
  const got = consumer.take()
  for (const [i, delivery] of got.entries()) {
    if (i % 100 === 0) consumer.requeue(delivery, 0)
    else consumer.finish(delivery)
  }
  broker.run()
  const again = consumer.take()
  assert.deepEqual(
    again.map(({ body }) => body),
    all.filter((_, i) => i % 100 === 0),
  )
  assert.ok(again.every(({ attempts }) => attempts === 2))
})

test('after reopening everything comes from disk, the same bytes in the same order', async () => {
  const broker = new MemoryBroker(OPTIONS)
  const live = broker.consume('live')
  broker.channel('t', 'c')
  publishMuch(broker)
  const reopened = await broker.reopen()
  const late = reopened.consume('c')
  reopened.run()
  assert.ok(same(late.deliveries, live.deliveries))
})

test('a channel that read to the end of the log reads on in the segment begun since', () => {
  // Little memory, held by others, so that everything is read back from disk.
  const broker = new MemoryBroker({
    tailBytesPerTopic: MIB,
    tailBytes: 2 * MIB,
    maxBytesPerFile: 1_024,
  })
  const evict = (): void => {
    for (let i = 0; i < 9; i++) broker.topics.logContext.pool.acquire(1, 1, { giveUp: () => false })
  }
  const consumer = broker.consume('c', { readyCount: 0 })
  for (let round = 0; round < 10; round++) {
    // A segment each, and each a little longer than the one before.
    const group = Array.from({ length: 12 }, (_, i) => `${round}-${i} `.padEnd(60 + round, 'x'))
    broker.mpub(group)
    evict()
    consumer.setReady(consumer.inFlight + group.length)
    broker.run()
    consumer.setReady(0)
    assert.deepEqual(consumer.takeBodies(), group)
  }
  assert.deepEqual(broker.notes, [])
})

test('more lagging topics than there is memory for all come through without reading all over', () => {
  const broker = new MemoryBroker({ tailBytesPerTopic: MIB, tailBytes: 2 * MIB })
  const topics = Array.from({ length: 20 }, (_, i) => `t${i}`)
  const group = Array.from({ length: 100 }, (_, i) => `${i} `.padEnd(1_000, 'x'))
  for (const topic of topics) {
    broker.channel(topic, 'c')
    for (let i = 0; i < 15; i++) broker.publishMany(topic, group)
    broker.run()
  }
  let reads = 0
  const readLater = broker.files.readLater.bind(broker.files)
  broker.files.readLater = (...call) => {
    reads += 1
    readLater(...call)
  }
  const consumers = topics.map(
    (topic) => new Consumer(broker.channel(topic, 'c'), { readyCount: 50 }),
  )
  for (let round = 0; round < 100; round++) {
    broker.run()
    for (const consumer of consumers) consumer.finishAll()
  }
  let slices = 0
  for (const consumer of consumers) {
    assert.equal(consumer.deliveries.length, 1_500)
    slices += consumer.slices.length
  }
  assert.ok(reads < 3 * slices, `${reads} reads for ${slices} slices`)
})
