import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodiesOf, Broker, CHANNEL, drain, filesOf, freshFiles, TOPIC } from '../support/broker.ts'
import { FaultyFiles, inputOutput } from '../support/faulty-files.ts'
import { HARSHEST_CUT } from '../support/memory-files.ts'

const FSYNC = { ackAfter: 'fsync' } as const

test('a failed fsync fails the publishers of that commit, and the next one is fine', () => {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const broker = new Broker(faulty, FSYNC)
  broker.channel(TOPIC, CHANNEL)
  const before = broker.publish(TOPIC, 'before')
  broker.run()
  assert.equal(broker.outcome(TOPIC, before), '')

  faulty.fail('syncLater', inputOutput)
  const failed = broker.publish(TOPIC, 'failed')
  broker.run()
  assert.match(broker.outcome(TOPIC, failed) ?? '', /EIO/)
  assert.match(broker.topics.failure()?.message ?? '', /EIO/)
  assert.match(broker.notes.join('\n'), /sync failed/)

  faulty.heal()
  const after = broker.publish(TOPIC, 'after')
  broker.run()
  assert.equal(broker.outcome(TOPIC, after), '')
  assert.equal(broker.topics.failure(), undefined)
  assert.equal(filesOf(files, '.log').length, 2)

  const left = drain(new Broker(files.afterPowerCut(HARSHEST_CUT), FSYNC), TOPIC, CHANNEL)
  assert.deepEqual(bodiesOf(left), ['after', 'before'])
})

test('a segment whose fsync failed is not synced again, so it fails nobody later', () => {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const broker = new Broker(faulty, FSYNC)
  broker.channel(TOPIC, CHANNEL)
  faulty.fail('syncLater', inputOutput, /^0{15}1\.log$/)
  const failed = broker.publish(TOPIC, 'failed')
  broker.run()
  assert.match(broker.outcome(TOPIC, failed) ?? '', /EIO/)
  for (const body of ['second', 'third', 'fourth']) {
    const ticket = broker.publish(TOPIC, body)
    broker.run()
    assert.equal(broker.outcome(TOPIC, ticket), '', body)
  }
})

test('what was written while an fsync failed is not called durable by syncing the same file again', () => {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const broker = new Broker(faulty, FSYNC)
  broker.channel(TOPIC, CHANNEL)
  broker.run()
  faulty.fail('syncLater', inputOutput)
  const first = broker.publish(TOPIC, 'first')
  // The commit starts the fsync; its failure comes in later.
  broker.turn.run()
  faulty.heal()
  const second = broker.publish(TOPIC, 'second')
  broker.turn.run()
  assert.equal(broker.outcome(TOPIC, first), undefined)
  broker.run()
  assert.match(broker.outcome(TOPIC, first) ?? '', /EIO/)
  assert.match(broker.outcome(TOPIC, second) ?? '', /EIO/)
  const third = broker.publish(TOPIC, 'third')
  broker.run()
  assert.equal(broker.outcome(TOPIC, third), '')
})

test('a folder that cannot be synced fails the publishers of a new segment', () => {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const broker = new Broker(faulty, FSYNC)
  broker.channel(TOPIC, CHANNEL)
  faulty.fail('syncFolder', inputOutput)
  const failed = broker.publish(TOPIC, 'failed')
  broker.run()
  return new Promise<void>((resolve) => {
    setImmediate(() => {
      broker.run()
      assert.match(broker.outcome(TOPIC, failed) ?? '', /EIO/)
      faulty.heal()
      const next = broker.publish(TOPIC, 'next')
      broker.run()
      assert.equal(broker.outcome(TOPIC, next), '')
      resolve()
    })
  })
})

test('with --ack-after=write a failed fsync is told in the health and fails no publisher', () => {
  const faulty = new FaultyFiles(freshFiles())
  const broker = new Broker(faulty, { syncTimeoutMs: 100 })
  broker.channel(TOPIC, CHANNEL)
  faulty.fail('syncLater', inputOutput)
  const ticket = broker.publish(TOPIC, 'written')
  broker.run()
  broker.advance(200)
  assert.equal(broker.outcome(TOPIC, ticket), '')
  assert.match(broker.topics.failure()?.message ?? '', /EIO/)
  faulty.heal()
  broker.advance(3_000)
  assert.equal(broker.topics.failure(), undefined)
})
