// The files beside the log: checkpoints, indexes, the topic's state, and folders half made.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  bodiesOf,
  Broker,
  CHANNEL,
  drain,
  filesOf,
  freshFiles,
  TOPIC,
  TOPIC_FOLDER,
} from '../support/broker.ts'
import { inputOutput, FaultyFiles } from '../support/faulty-files.ts'
import type { MemoryFiles } from '../support/memory-files.ts'
import { writeLog } from '../support/written-log.ts'

const SMALL = { maxBytesPerFile: 1024 }
const CHECKPOINT = `${TOPIC_FOLDER}/${CHANNEL}.channel`
const STATE = `${TOPIC_FOLDER}/topic.json`

/** Four messages: the first two finished, the third in flight, the fourth requeued for a while; all checkpointed. */
function halfConsumed(): MemoryFiles {
  const files = freshFiles()
  const broker = new Broker(files)
  const reader = broker.subscribe(TOPIC, CHANNEL)
  broker.publishMany(TOPIC, ['one', 'two', 'three', 'four'])
  broker.run()
  const ids = reader.received.map(({ id }) => id)
  broker.finish(TOPIC, CHANNEL, reader, ids[0]!)
  broker.finish(TOPIC, CHANNEL, reader, ids[1]!)
  broker.channel(TOPIC, CHANNEL).requeue(reader, Buffer.from(ids[3]!), 0, 10_000)
  broker.advance(1_000)
  return files
}

test('a checkpoint brings back what is unsettled and nothing else', () => {
  const broker = new Broker(halfConsumed())
  const received = drain(broker, TOPIC, CHANNEL)
  assert.deepEqual(
    received.map(({ body, attempts }) => [body, attempts]),
    [
      ['three', 2],
      ['four', 2],
    ],
  )
})

test('a checkpoint damaged in any byte is told, and its channel starts at the oldest message', () => {
  const files = halfConsumed()
  const content = files.readWhole(CHECKPOINT)!
  for (let at = 0; at < content.length; at++) {
    const wounded = files.clone()
    const bytes = Buffer.from(content)
    bytes[at] = bytes[at]! ^ 0x40
    wounded.put(CHECKPOINT, bytes)
    const broker = new Broker(wounded)
    const received = bodiesOf(drain(broker, TOPIC, CHANNEL))
    assert.deepEqual(received, ['four', 'one', 'three', 'two'], `byte ${at}`)
    assert.match(broker.notes.join('\n'), /checkpoint of channel\(billing\) is damaged/)
  }
})

test('a checkpoint cut at any byte is told, and its channel starts at the oldest message', () => {
  const files = halfConsumed()
  const content = files.readWhole(CHECKPOINT)!
  for (let bytes = 0; bytes < content.length; bytes++) {
    const cut = files.clone()
    cut.put(CHECKPOINT, content.subarray(0, bytes))
    const broker = new Broker(cut)
    assert.equal(drain(broker, TOPIC, CHANNEL).length, 4, `cut at ${bytes}`)
  }
})

test('a damaged checkpoint leaves the other channels as they were', () => {
  const files = halfConsumed()
  const life = new Broker(files)
  life.channel(TOPIC, 'other')
  life.publish(TOPIC, 'five')
  life.run()
  files.put(CHECKPOINT, Buffer.from('no checkpoint'))
  const broker = new Broker(files)
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, 'other')), ['five'])
})

test('a topic whose state is damaged delivers its messages, and they can be finished', () => {
  const files = halfConsumed()
  for (const content of ['', '{', '{}', 'null', '[]', '{"epoch":1']) {
    const wounded = files.clone()
    wounded.put(STATE, Buffer.from(content))
    const broker = new Broker(wounded)
    assert.match(broker.notes.join('\n'), /topic\.json is damaged/)
    const reader = broker.subscribe(TOPIC, CHANNEL)
    broker.run()
    broker.advance(20_000)
    assert.deepEqual(bodiesOf(reader.received), ['four', 'three'])
    for (const { id } of reader.received) {
      assert.equal(broker.finish(TOPIC, CHANNEL, reader, id), 'done')
    }
  }
})

test('a topic without its state file is still there', () => {
  const files = halfConsumed()
  files.remove(STATE)
  const broker = new Broker(files)
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), ['four', 'three'])
})

test('lost, damaged and outdated indexes change nothing', () => {
  const log = writeLog(SMALL)
  const bodies = log.batches.flatMap((batch) => batch.bodies).toSorted()
  const indexes = filesOf(log.files, '.index')
  assert.ok(indexes.length > 0)
  const changes: ((content: Buffer) => Buffer | undefined)[] = [
    () => undefined,
    () => Buffer.alloc(0),
    (content) => content.subarray(0, content.length - 1),
    (content) => content.fill(0),
    (content) => content.fill(0xff, 20),
  ]
  for (const change of changes) {
    const files = log.files.clone()
    for (const file of indexes) {
      const content = change(files.readWhole(file)!)
      if (content === undefined) files.remove(file)
      else files.put(file, content)
    }
    const broker = new Broker(files, SMALL)
    assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), bodies)
    assert.ok(!broker.notes.some((note) => note.includes('damage')))
  }
})

test('folders half made or half deleted at a kill are removed, and their topics can be made anew', () => {
  const files = freshFiles()
  const root = '/data/topics'
  for (const folder of [`${root}/+new-${TOPIC}`, `${root}/+deleted-3-old`]) {
    files.makeFolder(folder)
    files.put(`${folder}/0000000000000001.log`, Buffer.from('rest'))
  }
  const broker = new Broker(files)
  assert.deepEqual(broker.topics.list(), [])
  assert.deepEqual(
    files.list(root).filter((name) => name.startsWith('+')),
    [],
  )
  broker.channel(TOPIC, CHANNEL)
  broker.publish(TOPIC, 'new')
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), ['new'])
})

test('a topic killed while it is being made leaves nothing in the way of the next', () => {
  const files = freshFiles()
  const faulty = new FaultyFiles(files)
  const broker = new Broker(faulty)
  faulty.fail('rename', inputOutput)
  assert.throws(() => broker.topic(TOPIC), { code: 'E_PUB_FAILED' })
  assert.equal(broker.topics.size, 0)
  faulty.heal()
  broker.channel(TOPIC, CHANNEL)
  broker.publish(TOPIC, 'new')
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), ['new'])
  const next = new Broker(files.clone())
  assert.deepEqual(
    next.topics.list().map(({ name }) => name),
    [TOPIC],
  )
})

test('a deleted topic stays deleted, and one made anew under its name has other ids', () => {
  const files = halfConsumed()
  const life = new Broker(files)
  const before = drain(life, TOPIC, CHANNEL).map(({ id }) => id)
  life.topics.delete(TOPIC)
  const broker = new Broker(files.clone())
  assert.deepEqual(broker.topics.list(), [])
  broker.channel(TOPIC, CHANNEL)
  for (let i = 0; i < 10; i++) broker.publish(TOPIC, `${i}`)
  const after = drain(broker, TOPIC, CHANNEL).map(({ id }) => id)
  assert.equal(after.length, 10)
  assert.ok(!after.some((id) => before.includes(id)))
})
