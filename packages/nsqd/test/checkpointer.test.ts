import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ChannelName } from '@tsq/protocol'

import { decodeCheckpoint } from '../src/checkpoint.ts'
import {
  bodiesOf,
  Broker,
  CHANNEL,
  drain,
  freshFiles,
  TOPIC,
  TOPIC_FOLDER,
} from './support/broker.ts'
import type { MemoryFiles } from './support/memory-files.ts'
import { WorkingClock } from './support/working-clock.ts'

const CHECKPOINT_FILE = `${TOPIC_FOLDER}/${CHANNEL}.channel`
const DEFERRED_MESSAGES = 30_000

function savedChannel(files: MemoryFiles): { isPaused: boolean; unsettled: number } {
  const { isPaused, unsettled } = decodeCheckpoint(files.readWhole(CHECKPOINT_FILE)!)!
  return { isPaused, unsettled: unsettled.length }
}

function cursorOf(files: MemoryFiles): number {
  return decodeCheckpoint(files.readWhole(CHECKPOINT_FILE)!)!.cursor
}

function brokerWithDeferred(): { files: MemoryFiles; broker: Broker } {
  const files = freshFiles()
  const clock = new WorkingClock()
  const broker = new Broker(files, {}, clock)
  broker.channel(TOPIC, CHANNEL)
  for (let i = 0; i < DEFERRED_MESSAGES; i++) broker.publish(TOPIC, `${i}`, 3_600_000)
  broker.run()
  clock.costMs = 10
  return { files, broker }
}

/** Goes on until the round is under way: begun and not done. */
function beginRound(broker: Broker, files: MemoryFiles): void {
  broker.advance(1_000)
  assert.equal(savedChannel(files).unsettled, 0, 'one stretch was enough')
}

test('a channel with much unsettled is saved in stretches, between which others are served', () => {
  const { files, broker } = brokerWithDeferred()
  const reader = broker.subscribe('other', 'channel')
  beginRound(broker, files)
  let stretches = 1
  for (; savedChannel(files).unsettled === 0; stretches++) {
    assert.ok(stretches < 1_000, 'it is never saved')
    broker.publish('other', `between ${stretches}`)
    broker.advance(10)
    assert.equal(reader.received.length, stretches)
  }
  assert.ok(stretches > 2, `${stretches} stretches`)
  assert.equal(savedChannel(files).unsettled, DEFERRED_MESSAGES)
})

/** What the checkpoint says, again and again until long after the round. */
function* savedAfterwards(
  broker: Broker,
  files: MemoryFiles,
): Generator<ReturnType<typeof savedChannel>> {
  for (let i = 0; i < 500; i++) {
    broker.advance(10)
    yield savedChannel(files)
  }
}

test('a pause in the middle of a round is not taken back by its end', () => {
  const { files, broker } = brokerWithDeferred()
  beginRound(broker, files)
  broker.topic(TOPIC).setChannelPaused(broker.channel(TOPIC, CHANNEL), true)
  assert.deepEqual(savedChannel(files), { isPaused: true, unsettled: DEFERRED_MESSAGES })
  for (const saved of savedAfterwards(broker, files)) {
    assert.deepEqual(saved, { isPaused: true, unsettled: DEFERRED_MESSAGES })
  }
})

test('an emptied channel stays empty, though a round was under way', () => {
  const { files, broker } = brokerWithDeferred()
  broker.publish(TOPIC, 'now')
  broker.run()
  beginRound(broker, files)
  broker.topic(TOPIC).emptyChannel(broker.channel(TOPIC, CHANNEL))
  for (const { unsettled } of savedAfterwards(broker, files)) {
    assert.equal(unsettled, 0)
    assert.equal(cursorOf(files), DEFERRED_MESSAGES + 2)
  }
  const next = new Broker(files.clone())
  assert.deepEqual(drain(next, TOPIC, CHANNEL), [])
})

test('a channel that is deleted in the middle of a round leaves nothing', () => {
  const { files, broker } = brokerWithDeferred()
  beginRound(broker, files)
  broker.topic(TOPIC).deleteChannel(CHANNEL as ChannelName)
  broker.advance(60_000)
  assert.equal(files.readWhole(CHECKPOINT_FILE), undefined)
})

test('a channel made anew in the middle of a round has nothing of the old one', () => {
  const { files, broker } = brokerWithDeferred()
  beginRound(broker, files)
  broker.topic(TOPIC).deleteChannel(CHANNEL as ChannelName)
  broker.channel(TOPIC, CHANNEL)
  const cursor = cursorOf(files)
  for (const { unsettled } of savedAfterwards(broker, files)) {
    assert.equal(unsettled, 0)
    assert.equal(cursorOf(files), cursor)
  }
})

test('a topic made anew in the middle of a round has nothing of the old one', () => {
  const { files, broker } = brokerWithDeferred()
  beginRound(broker, files)
  broker.topics.delete(TOPIC)
  broker.channel(TOPIC, CHANNEL)
  for (const { unsettled } of savedAfterwards(broker, files)) {
    assert.equal(unsettled, 0)
    assert.equal(cursorOf(files), 1)
  }
})

test('a kill in the middle of a round loses nothing', () => {
  const { files, broker } = brokerWithDeferred()
  broker.publish(TOPIC, 'now')
  beginRound(broker, files)
  const next = new Broker(files.clone())
  assert.deepEqual(bodiesOf(drain(next, TOPIC, CHANNEL)), ['now'])
  const { deferredCount } = next.channel(TOPIC, CHANNEL).stats()
  assert.equal(deferredCount, DEFERRED_MESSAGES)
})

test('a channel that takes long to save sits rounds out, and others do not', () => {
  const { files, broker } = brokerWithDeferred()
  beginRound(broker, files)
  while (savedChannel(files).unsettled === 0) broker.advance(10)
  broker.publish(TOPIC, 'later', 3_600_000)
  broker.channel('other', CHANNEL)
  broker.publish('other', 'later', 3_600_000)
  broker.run()
  broker.advance(1_500)
  assert.equal(savedChannel(files).unsettled, DEFERRED_MESSAGES)
  const other = files.readWhole(CHECKPOINT_FILE.replace(TOPIC, 'other'))!
  assert.equal(decodeCheckpoint(other)!.unsettled.length, 1)
  broker.advance(60_000)
  assert.equal(savedChannel(files).unsettled, DEFERRED_MESSAGES + 1)
})
