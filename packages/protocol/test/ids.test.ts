import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import {
  EPOCH_LIMIT,
  idPrefix,
  MESSAGE_ID_BYTES,
  NODE_ID_LIMIT,
  readIdPrefix,
  readSequenceBits,
  SEQUENCE_MODULUS,
  sequenceNear,
  writeMessageId,
} from '../src/index.ts'

const prefixes = fc
  .record({
    nodeId: fc.integer({ min: 0, max: NODE_ID_LIMIT - 1 }),
    epoch: fc.integer({ min: 0, max: EPOCH_LIMIT - 1 }),
  })
  .map(({ nodeId, epoch }) => idPrefix(nodeId, epoch))

/** Anything up to 2^53, and what stands close to where 40 bits are full. */
const sequences = fc.oneof(
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  fc
    .record({ wraps: fc.nat({ max: 8_000 }), off: fc.integer({ min: -3, max: 3 }) })
    .map(({ wraps, off }) => Math.max(0, wraps * SEQUENCE_MODULUS + off)),
  fc
    .record({ wraps: fc.nat({ max: 1_000_000 }), off: fc.integer({ min: -3, max: 3 }) })
    .map(({ wraps, off }) => Math.max(0, wraps * 2 ** 32 + off)),
)

function idOf(prefix: number, sequence: number): Buffer {
  const id = Buffer.alloc(MESSAGE_ID_BYTES)
  writeMessageId(id, 0, prefix, sequence)
  return id
}

test('an id is node, epoch and sequence number as 16 lower-case hex digits', () => {
  assert.equal(idOf(idPrefix(0, 0), 0).toString(), '0000000000000000')
  assert.equal(idOf(idPrefix(1, 0), 1).toString(), '0040000000000001')
  assert.equal(idOf(idPrefix(0, 1), 0xabcdef).toString(), '0000010000abcdef')
  assert.equal(idOf(idPrefix(1023, 16_383), SEQUENCE_MODULUS - 1).toString(), 'f'.repeat(16))
  assert.equal(idOf(idPrefix(0, 0), SEQUENCE_MODULUS + 5).toString(), '0000000000000005')
})

test('an id stands where it was written and nowhere else', () => {
  const target = Buffer.alloc(20, 0x21)
  writeMessageId(target, 2, idPrefix(512, 3), 77)
  assert.equal(target.toString(), '!!800003000000004d!!')
})

test('the sequence bits of an id are read back under its prefix', () => {
  fc.assert(
    fc.property(prefixes, sequences, (prefix, sequence) => {
      const bits = readSequenceBits(idOf(prefix, sequence), 0, prefix)
      assert.equal(bits, sequence % SEQUENCE_MODULUS)
      assert.equal(readIdPrefix(idOf(prefix, sequence), 0), prefix)
    }),
  )
})

test('an id under another prefix is none', () => {
  fc.assert(
    fc.property(prefixes, prefixes, sequences, (written, asked, sequence) => {
      fc.pre(written !== asked)
      assert.equal(readSequenceBits(idOf(written, sequence), 0, asked), -1)
    }),
  )
})

test('a byte that is no lower-case hex digit makes it none, wherever it stands', () => {
  const prefix = idPrefix(693, 0x0abc)
  const good = idOf(prefix, 0x12_3456_789a)
  for (let at = 0; at < MESSAGE_ID_BYTES; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const isDigit = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)
      if (isDigit) continue
      const bad = Buffer.from(good)
      bad[at] = byte
      assert.equal(readSequenceBits(bad, 0, prefix), -1, `byte ${byte} at ${at}`)
    }
  }
})

test('an id that ends early is none', () => {
  const prefix = idPrefix(5, 6)
  const good = idOf(prefix, 9)
  assert.equal(readSequenceBits(good.subarray(0, 15), 0, prefix), -1)
  assert.equal(readSequenceBits(good, 1, prefix), -1)
  assert.equal(readSequenceBits(Buffer.alloc(0), 0, prefix), -1)
})

test('sequenceNear finds the sequence number within 2^39 of its reference', () => {
  const references = sequences.filter((reference) => reference < 2 ** 52)
  const distances = fc.oneof(
    fc.integer({ min: -1_000, max: 1_000 }),
    fc.maxSafeInteger().map((n) => n % (SEQUENCE_MODULUS / 2)),
  )
  fc.assert(
    fc.property(references, distances, (reference, distance) => {
      const sequence = reference + distance
      fc.pre(sequence >= 0)
      assert.equal(sequenceNear(sequence % SEQUENCE_MODULUS, reference), sequence)
    }),
    { numRuns: 1_000 },
  )
})

test('sequenceNear works on both sides of a wrap', () => {
  const wrap = 3 * SEQUENCE_MODULUS
  assert.equal(sequenceNear(SEQUENCE_MODULUS - 1, wrap), wrap - 1)
  assert.equal(sequenceNear(0, wrap - 1), wrap)
  assert.equal(sequenceNear(5, wrap - 5), wrap + 5)
  assert.equal(sequenceNear(SEQUENCE_MODULUS - 5, wrap + 5), wrap - 5)
  assert.equal(sequenceNear(0, 0), 0)
  assert.equal(sequenceNear(1, SEQUENCE_MODULUS - 1), SEQUENCE_MODULUS + 1)
})
