import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { crc32c, maskedCrc32c } from '../../src/transport/crc32c.ts'
import { compressBlock, plainCodec, uncompressBlock } from '../../src/transport/snappy-block.ts'
import { SnappyDecoder, SnappyEncoder } from '../../src/transport/snappy-frames.ts'

/** Bytes that repeat here and there, as real ones do. */
const repetitive = fc
  .array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 })),
    {
      maxLength: 60,
    },
  )
  .map((runs) =>
    Buffer.concat(runs.flatMap(([run, times]) => Array.from({ length: times }, () => run))),
  )

void test('CRC-32C has the values of its catalogue', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43)
  // The OK frame of the specification, whose masked checksum a real nsqd sent.
  const ok = Buffer.from('00000006000000004f4b', 'hex')
  assert.equal(maskedCrc32c(ok), (((crc32c(ok) >>> 15) | (crc32c(ok) << 17)) + 0xa282ead8) >>> 0)
})

void test('blocks come back as they were', () => {
  fc.assert(
    fc.property(repetitive, (bytes) => {
      const plain = bytes.subarray(0, 65_536)
      assert.ok(uncompressBlock(compressBlock(plain)).equals(plain))
    }),
    { numRuns: 200 },
  )
  const long = Buffer.alloc(65_536, 'abcdefgh')
  assert.ok(compressBlock(long).length < 4_000)
  assert.ok(uncompressBlock(compressBlock(long)).equals(long))
})

void test('a block of every element kind is restored', () => {
  // "abcd", a copy with a 1-byte offset (4 long), a 2-byte (4) and a 4-byte (4) one
  const block = Buffer.from([
    16,
    3 << 2,
    97,
    98,
    99,
    100,
    1,
    4,
    (3 << 2) | 2,
    8,
    0,
    (3 << 2) | 3,
    12,
    0,
    0,
    0,
  ])
  assert.equal(uncompressBlock(block).toString(), 'abcdabcdabcdabcd')
})

void test('damaged blocks throw and never read or write outside', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        uncompressBlock(Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof RangeError)
      }
    }),
    { numRuns: 2_000 },
  )
})

void test('streams come back as they were however they are cut', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.array(repetitive, { maxLength: 6 }), cuts, (writes, sizes) => {
      const encoder = new SnappyEncoder(plainCodec)
      const wire = Buffer.concat(writes.flatMap((bytes) => encoder.encode(bytes)))
      const decoder = new SnappyDecoder(plainCodec)
      const seen: Buffer[] = []
      let at = 0
      for (let i = 0; at < wire.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        seen.push(...decoder.decode(wire.subarray(at, at + size)))
        at += size
      }
      assert.ok(Buffer.concat(seen).equals(Buffer.concat(writes)))
    }),
    { numRuns: 100 },
  )
})

void test('streams that lie are refused', () => {
  const start = Buffer.from('ff060000734e61507059', 'hex')
  const bad: [string, Buffer][] = [
    ['no identifier', Buffer.from([1, 5, 0, 0, 0, 0, 0, 0, 1])],
    ['wrong identifier', Buffer.from('ff060000734e61507058', 'hex')],
    ['wrong checksum', Buffer.concat([start, Buffer.from([1, 5, 0, 0, 0, 0, 0, 0, 1])])],
    ['no checksum', Buffer.concat([start, Buffer.from([1, 2, 0, 0, 0, 0])])],
    ['unknown chunk', Buffer.concat([start, Buffer.from([2, 1, 0, 0, 0])])],
    ['too long', Buffer.concat([start, Buffer.from([0, 0xff, 0xff, 0xff])])],
    [
      'a bomb',
      Buffer.concat([start, Buffer.from([0, 9, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 7])]),
    ],
  ]
  for (const [name, bytes] of bad) {
    const decoder = new SnappyDecoder(plainCodec)
    assert.throws(() => decoder.decode(bytes), { code: 'ERR_SNAPPY_STREAM' }, name)
  }
  const skipping = new SnappyDecoder(plainCodec)
  assert.deepEqual(skipping.decode(Buffer.concat([start, Buffer.from([0xfe, 1, 0, 0, 7])])), [])
})
