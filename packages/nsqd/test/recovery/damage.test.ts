import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { bodiesOf, Broker, CHANNEL, drain, filesOf, TOPIC } from '../support/broker.ts'
import type { MemoryFiles } from '../support/memory-files.ts'
import { type WrittenLog, writeLog } from '../support/written-log.ts'

const SMALL = { maxBytesPerFile: 1024 }

function flip(files: MemoryFiles, file: string, at: number, mask: number): MemoryFiles {
  const wounded = files.clone()
  const content = wounded.readWhole(file)!
  content[at] = content[at]! ^ mask
  wounded.put(file, content)
  return wounded
}

/** Damages the batch in every byte and checks that all but its messages are delivered, and that its loss is told. */
function checkBatch(log: WrittenLog, index: number, files = log.files, options = {}): void {
  const { file, fromByte, toByte } = log.batches[index]!
  const others = log.batches.filter((_, i) => i !== index)
  const expected = others.flatMap(({ bodies }) => bodies).toSorted()
  for (let at = fromByte; at < toByte; at++) {
    for (const mask of [0xff, 0x01]) {
      const broker = new Broker(flip(files, file, at, mask), options)
      const where = `byte ${at - fromByte} of batch ${index} ^ ${mask}`
      assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), expected, where)
      assert.match(broker.notes.join('\n'), /skipped damage: bytes \d+-\d+ of/, where)
    }
  }
}

describe('a byte changed anywhere in a batch loses that batch alone, and is told', () => {
  test('in the segment written last', () => {
    const log = writeLog()
    for (const index of [0, 1, 3, 7]) checkBatch(log, index)
  })

  test('in an older segment that has its index', () => {
    const log = writeLog(SMALL)
    for (const index of [1, 3, 5]) checkBatch(log, index, log.files, SMALL)
  })

  test('in an older segment that lost its index', () => {
    const log = writeLog(SMALL)
    const files = log.files.clone()
    for (const file of filesOf(files, '.index')) files.remove(file)
    for (const index of [1, 3, 5]) checkBatch(log, index, files, SMALL)
  })
})

test('damage in what a channel is past takes nothing from what it still waits for', () => {
  const log = writeLog(SMALL)
  const [first, second] = log.batches
  const rest = log.batches.slice(2).flatMap(({ bodies }) => bodies)
  const before = new Broker(log.files.clone(), SMALL)
  const files = log.files.clone()
  const life = new Broker(files, SMALL)
  const reader = life.subscribe(TOPIC, CHANNEL)
  reader.readyCount = 4
  life.run()
  for (const { id } of reader.received.slice()) life.finish(TOPIC, CHANNEL, reader, id)
  reader.readyCount = 0
  life.advance(2_000)
  assert.deepEqual(bodiesOf(reader.received), [...first!.bodies, ...second!.bodies].toSorted())
  before.run()

  for (let at = first!.fromByte; at < second!.toByte; at++) {
    const broker = new Broker(flip(files, first!.file, at, 0xff), SMALL)
    const received = bodiesOf(drain(broker, TOPIC, CHANNEL))
    assert.deepEqual(received, rest.toSorted(), `byte ${at}`)
  }
})

test('an older segment damaged from end to end is reported, left there and stepped over', () => {
  const log = writeLog(SMALL)
  const { file } = log.batches[0]!
  const files = log.files.clone()
  files.put(file, files.readWhole(file)!.fill(0x55))
  files.remove(file.replace(/log$/, 'index'))
  const lost = log.batches.filter((batch) => batch.file === file)
  const rest = log.batches.filter((batch) => !lost.includes(batch))
  const broker = new Broker(files, SMALL)
  assert.ok(files.allFiles().includes(file))
  const received = bodiesOf(drain(broker, TOPIC, CHANNEL))
  assert.deepEqual(received, rest.flatMap(({ bodies }) => bodies).toSorted())
  assert.match(broker.notes.join('\n'), /skipped damage/)
})

test('an older segment cut short loses what was behind the cut, and that is told', () => {
  const log = writeLog(SMALL)
  const { file } = log.batches[0]!
  const batches = log.batches.filter((batch) => batch.file === file)
  const cut = batches[2]!
  for (let bytes = cut.fromByte; bytes < cut.toByte; bytes += 7) {
    const files = log.files.clone()
    files.put(file, files.readWhole(file)!.subarray(0, bytes))
    const broker = new Broker(files, SMALL)
    const kept = log.batches.filter((batch) => batch.file !== file || batch.toByte <= bytes)
    const received = bodiesOf(drain(broker, TOPIC, CHANNEL))
    assert.deepEqual(received, kept.flatMap(({ bodies }) => bodies).toSorted(), `cut at ${bytes}`)
    if (bytes > cut.fromByte) assert.match(broker.notes.join('\n'), /skipped damage/)
  }
})
