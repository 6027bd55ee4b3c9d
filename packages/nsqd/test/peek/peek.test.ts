import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { LogChannel } from '../../src/log-channel.ts'
import type { PeekState } from '../../src/peek/listing.ts'
import { peekChannel, type Peeked, type PeekedMessage, peekTopic } from '../../src/peek/peek.ts'
import { bodies } from '../support/consumer.ts'
import { MemoryBroker } from '../support/memory-broker.ts'

const LIMITS = { limit: 10, maxBytes: 1_000 }

function peeked(channel: LogChannel, state: PeekState, limits = LIMITS): Promise<Peeked> {
  return peekChannel(channel.view(), state, limits, (owner) => `owner ${owner}`)
}

async function look(
  channel: LogChannel,
  state: PeekState = 'waiting',
  limits = LIMITS,
): Promise<readonly PeekedMessage[]> {
  return (await peeked(channel, state, limits)).messages
}

function bodyOf(message: PeekedMessage): string {
  return Buffer.from(message.body_base64, 'base64').toString()
}

async function seen(channel: LogChannel, state: PeekState = 'waiting'): Promise<string[]> {
  return (await look(channel, state)).map(bodyOf)
}

void suite('looking at messages without taking them', () => {
  void test('shows what waits, oldest first, and leaves it waiting', async () => {
    const broker = new MemoryBroker()
    broker.channel('t', 'c')
    broker.pub('a', 'b', 'c')
    const before = broker.c.stats()
    const [first] = await look(broker.c)
    assert.deepEqual(await seen(broker.c), ['a', 'b', 'c'])
    assert.deepEqual(broker.c.stats(), before)
    const consumer = broker.consume()
    broker.run()
    const [delivered] = consumer.deliveries
    assert.deepEqual(
      [first?.id, first?.timestamp_ns, first?.attempts],
      [delivered?.id, String(delivered?.timestampNs), 0],
    )
    assert.equal(delivered?.attempts, 1, 'the look was no delivery')
  })

  void test('shows who holds what is in flight, and until when', async () => {
    const broker = new MemoryBroker()
    const consumer = broker.consume('c', { readyCount: 2, msgTimeoutMs: 5_000 })
    broker.pub('a', 'b', 'c')
    const held = await look(broker.c, 'in_flight')
    assert.deepEqual(held.map(bodyOf), ['a', 'b'])
    assert.deepEqual(
      held.map(({ client, attempts, due }) => [client, attempts, due! - broker.clock.wallMs()]),
      [
        [`owner ${consumer.id}`, 1, 5_000],
        [`owner ${consumer.id}`, 1, 5_000],
      ],
    )
    assert.deepEqual(await seen(broker.c), ['c'])
    consumer.finish(consumer.take()[0]!)
    broker.run()
    assert.deepEqual(await seen(broker.c, 'in_flight'), ['b', 'c'])
  })

  void test('shows what was requeued with its attempts, before what is fresh', async () => {
    const broker = new MemoryBroker()
    const consumer = broker.consume('c', { readyCount: 1 })
    broker.pub('a', 'b')
    consumer.readyCount = 0
    consumer.requeue(consumer.take()[0]!, 0)
    broker.run()
    assert.deepEqual(
      (await look(broker.c)).map((message) => [bodyOf(message), message.attempts]),
      [
        ['a', 1],
        ['b', 0],
      ],
    )
  })

  void test('shows deferred messages by when they come due, not among those that wait', async () => {
    const broker = new MemoryBroker()
    broker.channel('t', 'c')
    broker.dpub('late', 3_000)
    broker.pub('now')
    broker.dpub('soon', 1_000)
    const deferred = await look(broker.c, 'deferred')
    assert.deepEqual(
      deferred.map((message) => [bodyOf(message), message.due! - broker.clock.wallMs()]),
      [
        ['soon', 1_000],
        ['late', 3_000],
      ],
    )
    assert.deepEqual(await seen(broker.c), ['now'])
    broker.advance(1_000)
    assert.deepEqual(await seen(broker.c), ['soon', 'now'], 'it came due ahead of the cursor')
  })

  void test('shows none that was finished ahead of the cursor', async () => {
    const broker = new MemoryBroker()
    const consumer = broker.consume('c', { readyCount: 0 })
    broker.pub('a')
    broker.dpub('d', 100)
    broker.pub('b')
    broker.advance(100)
    consumer.readyCount = 2
    broker.c.ready(consumer)
    broker.run()
    const [, deferred] = consumer.take()
    assert.equal(deferred?.body, 'd')
    consumer.readyCount = 0
    consumer.finish(deferred)
    broker.run()
    assert.deepEqual(await seen(broker.c), ['b'])
  })

  void test('reads what only the disk holds, over segments, and keeps the tail where it is', async () => {
    const broker = new MemoryBroker({
      tailBytesPerTopic: 1024 * 1024,
      tailBytes: 2 * 1024 * 1024,
      maxBytesPerFile: 50_000,
    })
    broker.channel('t', 'c')
    const all = bodies(1, 1_000).map((body) => body.padEnd(4_000, '.'))
    for (let i = 0; i < all.length; i += 50) broker.mpub(all.slice(i, i + 50))
    assert.ok(broker.c.stats().backendDepth > 500, 'most of it is on disk alone')
    assert.ok(broker.segments().length > 5)
    const shown = await look(broker.c, 'waiting', { limit: 100, maxBytes: 4 })
    assert.deepEqual(
      shown.map(bodyOf),
      all.slice(0, 100).map((body) => body.slice(0, 4)),
    )
    assert.ok(shown.every((one) => one.truncated && one.body_bytes === 4_000))
    const consumer = broker.consume()
    broker.run()
    assert.deepEqual(consumer.takeBodies(), all)
  })

  void test('survives a restart: what is owed is what is shown', async () => {
    const broker = new MemoryBroker()
    const consumer = broker.consume('c', { readyCount: 1 })
    broker.pub('a', 'b')
    broker.dpub('d', 60_000)
    consumer.finish(consumer.take()[0]!)
    broker.run()
    const again = await broker.reopen()
    assert.deepEqual(await seen(again.c), ['b'])
    assert.deepEqual(await seen(again.c, 'deferred'), ['d'])
  })

  void test('steps over holes in the log', async () => {
    const broker = new MemoryBroker()
    broker.channel('t', 'c')
    broker.pub('a')
    const killed = broker.afterKill()
    killed.run()
    killed.pub('b')
    assert.deepEqual(await seen(killed.c), ['a', 'b'])
  })

  void test('works on ephemeral topics and channels, on what they still have', async () => {
    const broker = new MemoryBroker({ memQueueSize: 3 })
    broker.channel('t#ephemeral', 'c#ephemeral')
    broker.publishMany('t#ephemeral', bodies(1, 5))
    broker.run()
    assert.deepEqual(await seen(broker.channel('t#ephemeral', 'c#ephemeral')), bodies(3, 5))
  })

  void test('shows what a topic keeps for its first channel', async () => {
    const broker = new MemoryBroker()
    broker.pub('a', 'b')
    broker.dpub('d', 1_000)
    assert.deepEqual((await peekTopic(broker.t.log, LIMITS)).messages.map(bodyOf), ['a', 'b'])
  })

  void test('ends at its limits, however much there is', async () => {
    const broker = new MemoryBroker()
    broker.channel('t', 'c')
    broker.mpub(bodies(1, 100))
    assert.equal((await look(broker.c, 'waiting', { limit: 7, maxBytes: 10 })).length, 7)
    broker.consume('c', { readyCount: 50 })
    broker.run()
    const held = await look(broker.c, 'in_flight', { limit: 3, maxBytes: 10 })
    assert.deepEqual(held.map(bodyOf), bodies(1, 3))
    broker.c.setPaused(true)
    assert.equal((await seen(broker.c))[0], 'm51')
  })

  void test('shows the deferred that come due first, in whatever order they came', async () => {
    const broker = new MemoryBroker()
    broker.channel('t', 'c')
    for (let i = 100; i > 0; i--) broker.dpub(`due ${i}`, i * 1_000)
    const first = await look(broker.c, 'deferred', { limit: 3, maxBytes: 10 })
    assert.deepEqual(first.map(bodyOf), ['due 1', 'due 2', 'due 3'])
  })

  void test('says when it has not looked to the end', async () => {
    const broker = new MemoryBroker()
    broker.channel('t', 'c')
    broker.pub('first')
    assert.deepEqual([(await peeked(broker.c, 'waiting')).complete], [true])
    for (let i = 0; i < 100_000; i++) broker.dpub('later', 60_000)
    broker.pub('behind them all')
    const { messages, complete } = await peeked(broker.c, 'waiting')
    assert.deepEqual([messages.map(bodyOf), complete], [['first'], false])
    const one = await peeked(broker.c, 'waiting', { limit: 1, maxBytes: 10 })
    assert.equal(one.complete, true, 'as many as were asked for')
  })
})
