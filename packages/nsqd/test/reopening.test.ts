import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodies } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

test('a broker goes on where it stopped, channel by channel', async () => {
  const first = new MemoryBroker()
  const a = first.consume('a', { readyCount: 10 })
  const b = first.consume('b')
  first.mpub(bodies(1, 30))
  for (const [i, delivery] of a.take().entries()) if (i % 2 === 0) a.finish(delivery)
  for (const [i, delivery] of b.take().entries()) if (i !== 7) b.finish(delivery)
  const second = await first.reopen()
  assert.equal(second.channel('t', 'a').stats().depth, 25)
  const afterA = second.consume('a')
  const afterB = second.consume('b')
  second.run()
  const finished = new Set(['m1', 'm3', 'm5', 'm7', 'm9'])
  assert.deepEqual(
    afterA.takeBodies().toSorted(),
    bodies(1, 30)
      .filter((body) => !finished.has(body))
      .toSorted(),
  )
  const again = afterB.take()
  assert.deepEqual(
    again.map(({ body, attempts }) => [body, attempts]),
    [['m8', 2]],
  )
  second.pub('m31')
  assert.deepEqual(afterB.takeBodies(), ['m31'])
})

test('ids go on after a restart and old ones can be answered', async () => {
  const first = new MemoryBroker()
  const before = first.consume()
  first.pub('m1')
  const old = before.newest
  const second = await first.reopen()
  const after = second.consume()
  second.run()
  assert.equal(after.newest.id, old.id)
  second.pub('m2')
  assert.equal(BigInt(`0x${after.newest.id}`), BigInt(`0x${old.id}`) + 1n)
  assert.equal(after.finish(old), 'done')
})

test('attempts go on counting over restarts', async () => {
  let broker = new MemoryBroker()
  broker.channel('t', 'c')
  broker.pub('m1')
  for (let attempts = 1; attempts <= 4; attempts++) {
    const consumer = broker.consume()
    broker.run()
    assert.equal(consumer.newest.attempts, attempts)
    broker = await broker.reopen()
  }
})

test('every message is owed once wherever the restarts fall', async () => {
  let broker = new MemoryBroker({ maxBytesPerFile: 1_500 })
  const finished: string[] = []
  let published = 0
  for (let life = 0; life < 25; life++) {
    broker.channel('t', 'c')
    const consumer = broker.consume('c', { readyCount: 1 + (life % 7) })
    for (let i = 0; i < 9; i++) {
      if (i % 4 === 0) broker.pub(`m${++published}`)
      else if (i % 4 === 1) broker.dpub(`m${++published}`, i * 300)
      else broker.mpub([`m${++published}`, `m${++published}`])
      for (const delivery of consumer.take()) {
        const kind = (published + i) % 3
        if (kind === 0) consumer.requeue(delivery, 0)
        else if (kind === 1) consumer.requeue(delivery, 700)
        else if (consumer.finish(delivery) === 'done') finished.push(delivery.body)
      }
      broker.advance(100)
    }
    broker = await broker.reopen(50)
  }
  const consumer = broker.consume()
  for (let i = 0; i < 10; i++) {
    broker.advance(1_000)
    finished.push(...consumer.finishAll())
  }
  const numbers = finished.map((body) => Number(body.slice(1))).toSorted((a, b) => a - b)
  assert.deepEqual(
    numbers.map((number) => `m${number}`),
    bodies(1, published),
  )
  assert.deepEqual(broker.notes, [])
})

test('names that file systems mix up are kept apart', async () => {
  const names = ['Orders', 'orders', 'ORDERS', '.', '..', '.hidden', 'a-b_c.D']
  const first = new MemoryBroker()
  for (const name of names) {
    first.channel(name, name)
    first.publish(name, name)
  }
  first.run()
  const second = await first.reopen()
  assert.equal(second.topics.size, names.length)
  for (const name of names) {
    assert.deepEqual([...second.topic(name).channels.keys()], [name])
    assert.equal(second.channel(name, name).stats().depth, 1)
  }
})

test('a message finished well before a kill stays finished; one that was not comes again', () => {
  let broker = new MemoryBroker({ maxBytesPerFile: 1_500 })
  const finished = new Set<string>()
  const answered = new Set<string>()
  /** Since a checkpoint was last due. */
  let finishedAt = new Map<string, number>()
  let published = 0
  for (let life = 0; life < 20; life++) {
    const consumer = broker.consume('c', { readyCount: 1 + (life % 7) * 3 })
    for (let i = 0; i < 10 + life * 3; i++) {
      if (i % 3 === 0) broker.dpub(`m${++published}`, (i % 5) * 300)
      else broker.mpub([`m${++published}`, `m${++published}`])
      for (const delivery of consumer.take()) {
        assert.equal(finished.has(delivery.body), false, `${delivery.body} comes again`)
        const kind = (published + i) % 4
        if (kind === 0) consumer.requeue(delivery, 0)
        else if (kind === 1) consumer.requeue(delivery, 700)
        else if (consumer.finish(delivery) === 'done') {
          finishedAt.set(delivery.body, broker.clock.wallMs())
        }
      }
      broker.advance(100)
    }
    const checkpointMs = broker.clock.wallMs() - 1_500
    for (const [body, at] of finishedAt) {
      if (at < checkpointMs) finished.add(body)
      answered.add(body)
    }
    finishedAt = new Map()
    broker = broker.afterKill()
  }
  const consumer = broker.consume()
  for (let i = 0; i < 10; i++) {
    broker.advance(1_000)
    for (const body of consumer.finishAll()) {
      assert.equal(finished.has(body), false, `${body} comes again`)
      answered.add(body)
    }
  }
  assert.deepEqual(
    [...answered].toSorted(),
    bodies(1, published).toSorted(),
    'each came at least once, and no other',
  )
  const { depth, inFlightCount, deferredCount } = broker.c.stats()
  assert.deepEqual([depth, inFlightCount, deferredCount], [0, 0, 0])
})

test('what an ephemeral channel was given does not come again after a kill', () => {
  const first = new MemoryBroker()
  const consumer = first.consume('e#ephemeral')
  first.pub(...bodies(1, 3))
  consumer.finishAll()
  first.run()
  first.clock.advance(2_000)
  const second = first.afterKill()
  const later = second.consume('later')
  second.run()
  assert.deepEqual(later.takeBodies(), [])
  second.pub('m4')
  assert.deepEqual(later.takeBodies(), ['m4'])
})
