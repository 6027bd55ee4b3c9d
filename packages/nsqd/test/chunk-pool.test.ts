import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { type Chunk, CHUNK_BYTES, type ChunkOwner } from '../src/log/chunk.ts'
import { ChunkPool } from '../src/log/chunk-pool.ts'
import { idPrefix, writeMessageHeader } from '@tsq/protocol'

/** Holds chunks and gives up what it is asked for, unless it is stubborn. */
class Holder implements ChunkOwner {
  readonly chunks: Chunk[] = []
  isStubborn = false
  readonly #pool: ChunkPool

  constructor(pool: ChunkPool) {
    this.#pool = pool
  }

  take(bytes = 1): Chunk {
    const chunk = this.#pool.acquire(bytes, 1, this)
    this.chunks.push(chunk)
    return chunk
  }

  letGo(chunk: Chunk): void {
    this.chunks.splice(this.chunks.indexOf(chunk), 1)
    this.#pool.giveBack(chunk)
  }

  giveUp(chunk: Chunk): boolean {
    if (this.isStubborn) return false
    this.letGo(chunk)
    return true
  }
}

function fill(chunk: Chunk, bodyBytes: readonly number[]): void {
  for (const bytes of bodyBytes) {
    const timestamp = { high: 0, low: 0 }
    writeMessageHeader(
      chunk.bytes,
      chunk.length,
      bytes,
      timestamp,
      idPrefix(1, 1),
      chunk.endSequence,
    )
    chunk.push(34 + bytes)
  }
}

test('a chunk that was given back is used again', () => {
  const pool = new ChunkPool(0)
  const holder = new Holder(pool)
  const first = holder.take()
  holder.letGo(first)
  assert.equal(holder.take(), first)
  assert.equal(pool.allocatedBytes, CHUNK_BYTES)
})

test('a borrowed chunk is used again only once it was released', () => {
  const pool = new ChunkPool(0)
  const holder = new Holder(pool)
  const lent = holder.take()
  lent.borrow()
  lent.borrow()
  holder.letGo(lent)
  assert.notEqual(holder.take(), lent)
  lent.release()
  assert.notEqual(holder.take(), lent)
  assert.ok(lent.isBorrowed())
  lent.release()
  assert.equal(lent.isBorrowed(), false)
  assert.equal(holder.take(), lent)
})

test('a release while the owner still holds the chunk keeps it', () => {
  const pool = new ChunkPool(0)
  const holder = new Holder(pool)
  const chunk = holder.take()
  chunk.borrow()
  chunk.release()
  assert.notEqual(holder.take(), chunk)
})

test('the generation changes as soon as a chunk is no longer what it was', () => {
  const pool = new ChunkPool(0)
  const holder = new Holder(pool)
  const chunk = holder.take()
  const held = chunk.generation
  chunk.borrow()
  holder.letGo(chunk)
  assert.notEqual(chunk.generation, held, 'given back while borrowed')
  const lent = chunk.generation
  chunk.release()
  assert.notEqual(chunk.generation, lent, 'recycled')
  const free = chunk.generation
  holder.take()
  assert.notEqual(chunk.generation, free, 'in other hands')
})

test('past the budget the oldest chunks are asked for', () => {
  const pool = new ChunkPool(4 * CHUNK_BYTES)
  const old = new Holder(pool)
  const young = new Holder(pool)
  const oldest = old.take()
  old.take()
  young.take()
  young.take()
  assert.equal(pool.allocatedBytes, 4 * CHUNK_BYTES)
  assert.equal(young.take(), oldest)
  assert.equal(old.chunks.length, 1)
  assert.equal(pool.allocatedBytes, 4 * CHUNK_BYTES)
})

test('the pool goes over its budget rather than fail, and comes back to it', () => {
  const pool = new ChunkPool(4 * CHUNK_BYTES)
  const holder = new Holder(pool)
  holder.isStubborn = true
  const chunks = Array.from({ length: 10 }, () => holder.take())
  assert.equal(pool.allocatedBytes, 10 * CHUNK_BYTES)
  for (const chunk of chunks) holder.letGo(chunk)
  assert.equal(pool.allocatedBytes, 4 * CHUNK_BYTES)
})

test('a chunk larger than usual is as large as asked and is not kept', () => {
  const pool = new ChunkPool(0)
  const holder = new Holder(pool)
  const large = holder.take(5 * CHUNK_BYTES)
  assert.equal(large.room, 5 * CHUNK_BYTES)
  assert.equal(pool.allocatedBytes, 5 * CHUNK_BYTES)
  holder.letGo(large)
  assert.equal(pool.allocatedBytes, 0)
  assert.equal(holder.take().bytes.length, CHUNK_BYTES)
})

test('what is allocated is what is held, lent or free, whatever the order', () => {
  const step = fc.record({
    kind: fc.constantFrom('take', 'large', 'letGo', 'borrow', 'release'),
    at: fc.nat({ max: 20 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pool = new ChunkPool(4 * CHUNK_BYTES)
      const holder = new Holder(pool)
      const lent: Chunk[] = []
      for (const { kind, at } of steps) {
        const chunk = holder.chunks[at % Math.max(holder.chunks.length, 1)]
        if (kind === 'take' || kind === 'large') {
          const taken = holder.take(kind === 'large' ? CHUNK_BYTES + 1_000 : 1)
          assert.equal(taken.count, 0)
          assert.equal(lent.includes(taken), false, 'a borrowed chunk was handed out')
          assert.equal(holder.chunks.filter((other) => other === taken).length, 1)
        } else if (kind === 'letGo' && chunk !== undefined) {
          holder.letGo(chunk)
        } else if (kind === 'borrow' && chunk !== undefined) {
          chunk.borrow()
          lent.push(chunk)
        } else if (kind === 'release' && lent.length > 0) {
          lent.splice(at % lent.length, 1)[0]!.release()
        }
        const inUse = new Set([...holder.chunks, ...lent])
        let bytes = 0
        for (const { bytes: buffer } of inUse) bytes += buffer.length
        assert.ok(pool.allocatedBytes >= bytes)
        assert.ok(pool.allocatedBytes <= Math.max(bytes + CHUNK_BYTES, 4 * CHUNK_BYTES) * 4)
      }
      for (const chunk of lent) chunk.release()
      while (holder.chunks.length > 0) holder.letGo(holder.chunks[0]!)
      assert.ok(pool.allocatedBytes <= 4 * CHUNK_BYTES)
    }),
    { numRuns: 30 },
  )
})

test('a message is found in its chunk by its sequence number', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 }), { maxLength: 300, size: 'max' }), (sizes) => {
      const chunk = new ChunkPool(0).acquire(1, 1_000, { giveUp: () => false })
      fill(chunk, sizes)
      let offset = 0
      for (const [i, bytes] of sizes.entries()) {
        assert.equal(chunk.offsetOf(1_000 + i), offset)
        offset += 34 + bytes
      }
      assert.equal(chunk.count, sizes.length)
      assert.equal(chunk.has(1_000 + sizes.length), false)
      assert.equal(chunk.has(999), false)
    }),
    { numRuns: 30 },
  )
})

test('the next deferred message of a chunk is found', () => {
  const sequences = fc.uniqueArray(fc.nat({ max: 80 }), { maxLength: 12 })
  fc.assert(
    fc.property(sequences, fc.nat({ max: 80 }), (deferred, cut) => {
      const chunk = new ChunkPool(0).acquire(1, 0, { giveUp: () => false })
      fill(
        chunk,
        Array.from({ length: 81 }, () => 1),
      )
      const ascending = deferred.toSorted((a, b) => a - b)
      for (const sequence of ascending) chunk.pushDeferred(sequence, 5)
      for (let i = 0; i <= 81; i++) {
        assert.equal(chunk.nextDeferred(i), ascending.find((sequence) => sequence >= i) ?? 81)
      }
      chunk.cutBack(cut, chunk.offsetOf(cut))
      assert.deepEqual(
        chunk.deferredSequences,
        ascending.filter((sequence) => sequence < cut),
      )
      assert.equal(chunk.deferredDueMs.length, chunk.deferredSequences.length)
      assert.equal(chunk.count, cut)
    }),
  )
})

test('who cannot give a chunk up does not hide those who can', () => {
  const pool = new ChunkPool(80 * CHUNK_BYTES)
  const stubborn = new Holder(pool)
  stubborn.isStubborn = true
  const obliging = new Holder(pool)
  for (let i = 0; i < 70; i++) stubborn.take()
  for (let i = 0; i < 200; i++) obliging.take()
  assert.ok(pool.allocatedBytes <= 82 * CHUNK_BYTES, `${pool.allocatedBytes / CHUNK_BYTES} chunks`)
})

test('free memory is spent before anybody is asked to give up a chunk for a large one', () => {
  const pool = new ChunkPool(64 * CHUNK_BYTES)
  const holder = new Holder(pool)
  for (let i = 0; i < 60; i++) holder.take()
  const kept = holder.chunks.slice(0, 10)
  for (const chunk of holder.chunks.slice(10)) holder.letGo(chunk)
  for (let i = 0; i < 5; i++) holder.letGo(holder.take(4 * CHUNK_BYTES))
  assert.deepEqual(holder.chunks, kept)
  assert.ok(pool.allocatedBytes <= 64 * CHUNK_BYTES)
})
