import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bodiesOf, Broker, CHANNEL, drain, TOPIC } from '../support/broker.ts'
import type { MemoryFiles } from '../support/memory-files.ts'
import { type WrittenBatch, type WrittenLog, writeLog } from '../support/written-log.ts'

function cutAt(log: WrittenLog, file: string, bytes: number): MemoryFiles {
  const files = log.files.clone()
  files.put(file, files.readWhole(file)!.subarray(0, bytes))
  return files
}

function bodiesWithin(batches: readonly WrittenBatch[], file: string, bytes: number): string[] {
  const whole = batches.filter((batch) => batch.file !== file || batch.toByte <= bytes)
  return whole.flatMap(({ bodies }) => bodies).toSorted()
}

function checkCut(log: WrittenLog, file: string, bytes: number): void {
  const { batches } = log
  const files = cutAt(log, file, bytes)
  const broker = new Broker(files)
  const expected = bodiesWithin(batches, file, bytes)
  assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), expected, `cut at ${bytes}`)

  const end = Math.max(0, ...batches.filter((b) => b.toByte <= bytes).map((b) => b.toByte))
  const cut = broker.notes.filter((note) => note.includes('cut off a torn tail'))
  if (end === bytes) assert.deepEqual(cut, [], `cut at ${bytes}`)
  else assert.match(cut.join(), new RegExp(`bytes ${end}-${bytes} of`), `cut at ${bytes}`)

  const ticket = broker.publish(TOPIC, 'after')
  broker.run()
  assert.equal(broker.outcome(TOPIC, ticket), '', `cut at ${bytes}`)

  // The next life finds the same again, and what came after.
  const next = new Broker(files.clone())
  const received = drain(next, TOPIC, CHANNEL)
  assert.deepEqual(bodiesOf(received), [...expected, 'after'].toSorted(), `cut at ${bytes}`)
  const after = received.find(({ body }) => body === 'after')!
  assert.ok(![...log.ids.values()].includes(after.id), `id used again, cut at ${bytes}`)
  assert.ok(!next.notes.some((note) => note.includes('torn')), `cut at ${bytes}`)
}

test('a log cut at any byte keeps every batch before the cut and goes on', () => {
  const log = writeLog()
  const { file, toByte } = log.batches.at(-1)!
  // Every byte of the first two batches and of the last four.
  const early = log.batches[1]!.toByte
  const late = log.batches.at(-4)!.fromByte
  for (let bytes = 0; bytes <= toByte; bytes++) {
    if (bytes <= early || bytes >= late) checkCut(log, file, bytes)
  }
})

test('the last of several segments cut at any byte takes nothing from those before', () => {
  const log = writeLog({ maxBytesPerFile: 1024 })
  const last = log.batches.at(-1)!
  assert.notEqual(log.batches[0]!.file, last.file)
  for (let bytes = 0; bytes <= last.toByte; bytes++) {
    const broker = new Broker(cutAt(log, last.file, bytes), { maxBytesPerFile: 1024 })
    const expected = bodiesWithin(log.batches, last.file, bytes)
    assert.deepEqual(bodiesOf(drain(broker, TOPIC, CHANNEL)), expected, `cut at ${bytes}`)
  }
})

test('a tail of zeros, as a power cut may leave, is cut off', () => {
  const log = writeLog()
  const { file, fromByte, toByte, bodies } = log.batches.at(-1)!
  for (const from of [fromByte, fromByte + 3, fromByte + 45, toByte - 1]) {
    const files = log.files.clone()
    const content = Buffer.concat([files.readWhole(file)!, Buffer.alloc(4096)])
    files.put(file, content.fill(0, from))
    const broker = new Broker(files)
    const received = bodiesOf(drain(broker, TOPIC, CHANNEL))
    const expected = log.batches.flatMap((batch) => batch.bodies).filter((b) => b !== bodies[0])
    assert.deepEqual(received, expected.toSorted())
    assert.match(broker.notes.join('\n'), /cut off a torn tail/)
  }
})

test('a torn message that holds a copy of the log is not taken for the log', () => {
  const { files } = writeLog()
  const broker = new Broker(files)
  const file = files.allFiles().find((name) => name.endsWith('.log'))!
  const copy = files.readWhole(file)!.toString('latin1')
  broker.publish(TOPIC, `${copy}${'-'.repeat(100)}`)
  broker.run()
  const last = files
    .allFiles()
    .filter((name) => name.endsWith('.log'))
    .at(-1)!
  files.put(last, files.readWhole(last)!.subarray(0, -50))
  const next = new Broker(files)
  const received = drain(next, TOPIC, CHANNEL)
  assert.equal(received.length, new Set(received.map(({ id }) => id)).size)
  assert.equal(received.length, 15)
  assert.match(next.notes.join('\n'), /cut off a torn tail/)
  assert.ok(!next.notes.some((note) => note.includes('skipped')))
})
