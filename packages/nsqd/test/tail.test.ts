import assert from 'node:assert/strict'
import { test } from 'node:test'

import { frameBytesAt, idPrefix, writeUint32 } from '@tsq/protocol'
import * as fc from 'fast-check'

import { BATCH_HEADER_BYTES } from '../src/log/batch.ts'
import { CHUNK_BYTES } from '../src/log/chunk.ts'
import { ChunkPool } from '../src/log/chunk-pool.ts'
import { Tail } from '../src/log/tail.ts'

const timestamp = { high: 0x18_86_54_32, low: 0x9a_bc_de_f0 }
const prefix = idPrefix(3, 77)
const FIRST = 2 ** 40 - 20

/** Small ones, ones near the end of a chunk, and ones larger than a chunk. */
const sizes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 90_000 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: CHUNK_BYTES - 120, max: CHUNK_BYTES + 60 }),
  },
  { weight: 1, arbitrary: fc.integer({ min: 2 * CHUNK_BYTES, max: 3 * CHUNK_BYTES }) },
)

function makeTail(): Tail {
  return new Tail(new ChunkPool(1_000 * CHUNK_BYTES), FIRST, 64 * CHUNK_BYTES, true)
}

function bodyOf(index: number, bytes: number): Buffer {
  const body = Buffer.alloc(bytes, index & 0xff)
  for (let at = 0; at < bytes; at += 97) body[at] = (index * 31 + at) & 0xff
  return body
}

function appendOne(tail: Tail, body: Buffer, dueMs = 0): void {
  const source = Buffer.concat([Buffer.from('xx'), body, Buffer.from('yy')])
  tail.append(source, 2, 2 + body.length, timestamp, prefix, dueMs)
}

function appendMany(tail: Tail, bodies: readonly Buffer[]): void {
  const parts: Buffer[] = [Buffer.from('xxx')]
  for (const body of bodies) {
    const size = Buffer.alloc(4)
    writeUint32(size, 0, body.length)
    parts.push(size, body)
  }
  tail.appendMany(Buffer.concat(parts), 3, bodies.length, timestamp, prefix)
}

/** Every frame of the tail, one after the other. */
function framesOf(tail: Tail): Buffer[] {
  const frames: Buffer[] = []
  let sequence = tail.firstSequence
  for (const chunk of tail.chunks) {
    assert.equal(chunk.firstSequence, sequence)
    let at = 0
    while (at < chunk.length) {
      assert.equal(chunk.offsetOf(sequence), at)
      const end = at + frameBytesAt(chunk.bytes, at)
      frames.push(Buffer.from(chunk.bytes.subarray(at, end)))
      at = end
      sequence += 1
    }
    assert.equal(at, chunk.length)
    assert.equal(chunk.endSequence, sequence)
  }
  return frames
}

function assertSameFrames(actual: Tail, expected: Tail): void {
  const frames = framesOf(actual)
  const others = framesOf(expected)
  assert.equal(frames.length, others.length)
  for (const [i, frame] of frames.entries()) assert.ok(frame.equals(others[i]!), `frame ${i}`)
}

/** The runs cover what is pending, in order and without a gap. */
function assertRuns(tail: Tail, from: number): void {
  let sequence = from
  let bytes = 0
  for (const run of tail.runs.slice(0, tail.runCount)) {
    assert.equal(run.firstSequence, sequence)
    assert.equal(run.chunk.offsetOf(sequence), run.start)
    sequence += run.count
    bytes += run.end - run.start
    const isAlone = run.count === 1
    assert.ok(isAlone || run.end + BATCH_HEADER_BYTES <= CHUNK_BYTES, 'the batch fits a chunk')
  }
  assert.equal(sequence, tail.nextSequence)
  assert.equal(bytes, tail.pendingBytes)
}

test('messages are the same bytes whether they come one by one or many at once', () => {
  const groups = fc.array(fc.array(sizes, { minLength: 1, maxLength: 30, size: 'max' }), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(groups, (all) => {
      const single = makeTail()
      const many = makeTail()
      let index = 0
      for (const group of all) {
        const bodies = group.map((bytes) => bodyOf(index++, bytes))
        for (const body of bodies) appendOne(single, body)
        appendMany(many, bodies)
      }
      assert.equal(framesOf(many).length, index)
      assertSameFrames(many, single)
      assertRuns(single, FIRST)
      assertRuns(many, FIRST)
      for (let sequence = FIRST; sequence < FIRST + index; sequence++) {
        assert.ok(many.chunkAt(sequence)!.has(sequence))
      }
      assert.equal(many.chunkAt(FIRST - 1), undefined)
      assert.equal(many.chunkAt(FIRST + index), undefined)
    }),
    { numRuns: 40 },
  )
})

test('messages cross chunk boundaries at every place', () => {
  for (let bytes = 1; bytes < 120; bytes++) {
    const single = makeTail()
    const many = makeTail()
    const filler = bodyOf(1, CHUNK_BYTES - 300)
    const bodies = [filler, ...Array.from({ length: 12 }, (_, i) => bodyOf(i + 2, bytes))]
    for (const body of bodies) appendOne(single, body)
    appendMany(many, bodies)
    assert.equal(many.chunks.length > 1, single.chunks.length > 1)
    assertSameFrames(many, single)
  }
})

test('what was not saved can be taken back, as if it had never been', () => {
  const groups = fc.array(
    fc.record({ isSaved: fc.boolean(), sizes: fc.array(sizes, { minLength: 1, maxLength: 6 }) }),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(groups, (all) => {
      const tail = makeTail()
      const clean = makeTail()
      let index = 0
      for (const group of all) {
        const bodies = group.sizes.map((bytes) => bodyOf(index++, bytes))
        appendMany(tail, bodies)
        appendOne(tail, Buffer.from('deferred'), 99)
        if (group.isSaved) {
          appendMany(clean, bodies)
          appendOne(clean, Buffer.from('deferred'), 99)
          tail.saved()
          clean.saved()
        } else {
          tail.takeBack()
        }
        assert.equal(tail.nextSequence, clean.nextSequence)
        assert.equal(tail.pendingBytes, 0)
        assertSameFrames(tail, clean)
        assert.deepEqual(deferredOf(tail), deferredOf(clean))
      }
    }),
    { numRuns: 25 },
  )
})

test('deferred messages each make a run of their own', () => {
  const tail = makeTail()
  appendOne(tail, Buffer.from('a'))
  appendOne(tail, Buffer.from('b'), 500)
  appendOne(tail, Buffer.from('c'), 500)
  appendOne(tail, Buffer.from('d'))
  appendMany(tail, [Buffer.from('e'), Buffer.from('f')])
  assertRuns(tail, FIRST)
  const runs = tail.runs.slice(0, tail.runCount).map(({ count, dueMs }) => [count, dueMs])
  assert.deepEqual(runs, [
    [1, 0],
    [1, 500],
    [1, 500],
    [3, 0],
  ])
  assert.deepEqual(deferredOf(tail), [
    [FIRST + 1, 500],
    [FIRST + 2, 500],
  ])
})

test('past its limit a tail drops the oldest chunks, but only what is saved', () => {
  const tail = new Tail(new ChunkPool(0), 1, 3 * CHUNK_BYTES, true)
  for (let i = 0; i < 40; i++) appendOne(tail, bodyOf(i, 60_000))
  assert.equal(tail.firstSequence, 1, 'pending ones stay')
  tail.saved()
  assert.ok(tail.heldBytes <= 3 * CHUNK_BYTES)
  assert.equal(tail.heldBytes, tail.chunks.length * CHUNK_BYTES)
  assert.ok(tail.firstSequence > 1)
  assert.equal(tail.chunkAt(1), undefined)
  assert.ok(tail.chunkAt(40)!.has(40))
})

test('a tail gives up its oldest chunk only, and only when all is saved', () => {
  const tail = makeTail()
  for (let i = 0; i < 9; i++) appendOne(tail, bodyOf(i, 60_000))
  const [first, second] = tail.chunks
  assert.equal(tail.giveUp(first!), false)
  tail.saved()
  assert.equal(tail.giveUp(second!), false)
  assert.equal(tail.giveUp(first!), true)
  assert.equal(tail.chunks[0], second)
  const memoryOnly = new Tail(new ChunkPool(0), 1, CHUNK_BYTES, false)
  appendOne(memoryOnly, Buffer.from('a'))
  memoryOnly.saved()
  assert.equal(memoryOnly.giveUp(memoryOnly.chunks[0]!), false)
})

function deferredOf(tail: Tail): [number, number][] {
  return tail.chunks.flatMap((chunk) =>
    chunk.deferredSequences.map((sequence, i): [number, number] => [
      sequence,
      chunk.deferredDueMs[i]!,
    ]),
  )
}
