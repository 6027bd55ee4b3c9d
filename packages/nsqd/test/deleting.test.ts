import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodies } from './support/consumer.ts'
import { MemoryBroker } from './support/memory-broker.ts'

test('a deleted channel closes its subscribers and takes no more', () => {
  const broker = new MemoryBroker()
  broker.channel('t', 'other')
  const consumer = broker.consume()
  broker.pub('m1')
  const { c } = broker
  assert.ok(broker.t.deleteChannel(c.name))
  assert.equal(broker.t.deleteChannel(c.name), false)
  assert.ok(c.isExiting)
  assert.ok(consumer.isClosed)
  broker.pub('m2')
  consumer.leave()
  broker.advance(100_000)
  assert.deepEqual(consumer.takeBodies(), ['m1'])
})

test('a channel made again starts at the end', () => {
  const broker = new MemoryBroker()
  broker.channel('t', 'other')
  const first = broker.consume()
  broker.mpub(bodies(1, 5))
  broker.t.deleteChannel(broker.c.name)
  first.leave()
  broker.pub('m6')
  const second = broker.consume()
  broker.pub('m7')
  assert.deepEqual(second.takeBodies(), ['m7'])
  assert.equal(second.finish(first.newest), 'not in flight')
})

test('when its last channel is deleted, a topic buffers again', async () => {
  const broker = new MemoryBroker()
  broker.channel('t', 'c')
  broker.mpub(bodies(1, 5))
  broker.t.deleteChannel(broker.c.name)
  assert.equal(broker.t.stats().depth, 0)
  broker.mpub(bodies(6, 8))
  assert.equal(broker.t.stats().depth, 3)
  const reopened = await broker.reopen()
  assert.equal(reopened.t.stats().depth, 3)
  const consumer = reopened.consume('anew')
  reopened.run()
  assert.deepEqual(consumer.takeBodies(), bodies(6, 8))
})

test('a deleted channel is not there after a restart', async () => {
  const broker = new MemoryBroker()
  broker.channel('t', 'a')
  broker.channel('t', 'b')
  broker.pub('m1')
  broker.t.deleteChannel(broker.channel('t', 'a').name)
  broker.advance(5_000)
  const reopened = await broker.reopen()
  assert.deepEqual([...reopened.t.channels.keys()], ['b'])
})

test('a deleted topic closes its subscribers; publishes still open are told', () => {
  const broker = new MemoryBroker()
  const consumer = broker.consume()
  const topic = broker.t
  broker.publish('t', 'm1')
  const position = topic.appendedPosition
  assert.equal(topic.settle(position), undefined)
  assert.ok(broker.topics.delete('t'))
  assert.equal(broker.topics.delete('t'), false)
  assert.ok(consumer.isClosed)
  assert.equal(topic.settle(position), 'exiting')
  assert.throws(() => topic.publish(Buffer.from('x'), 0, 1, 0), { message: 'exiting' })
  broker.run()
  assert.deepEqual(consumer.takeBodies(), [])
  assert.equal(broker.topics.find('t'), undefined)
})

test('a topic made again is empty and gives its messages other ids', async () => {
  const broker = new MemoryBroker()
  const first = broker.consume()
  broker.pub('m1')
  const old = first.newest
  broker.topics.delete('t')
  first.leave()
  const second = broker.consume()
  broker.pub('m2')
  assert.deepEqual(second.takeBodies(), ['m2'])
  assert.notEqual(second.newest.id, old.id)
  assert.equal(second.finish(old), 'not in flight')
  assert.equal(second.finish(second.newest), 'done')
  second.leave()
  broker.topics.delete('t')
  const reopened = await broker.reopen()
  assert.equal(reopened.topics.size, 0)
  const third = reopened.consume()
  reopened.pub('m3')
  assert.notEqual(third.newest.id, second.newest.id)
})

test('a deleted topic leaves no file behind', () => {
  const broker = new MemoryBroker()
  broker.consume()
  broker.mpub(bodies(1, 100))
  broker.advance(2_000)
  assert.ok(broker.files.allFiles().some((file) => file.includes('/t/')))
  broker.topics.delete('t')
  broker.advance(5_000)
  assert.deepEqual(
    broker.files.allFiles().filter((file) => file.includes('/t/') || file.includes('deleted')),
    [],
  )
  assert.equal(broker.files.openCount, 0)
})
