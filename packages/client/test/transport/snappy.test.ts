import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SnappyDecoder, SnappyEncoder } from '@tsq/protocol'
import { crc32c } from '../../src/transport/crc32c.ts'
import { compressBlock, uncompressBlock } from '../../src/transport/snappy-block.ts'
import { loadCodec, plainCodec } from '../../src/transport/snappy-codec.ts'

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

void test('streams pass between plain code and the snappy package', async () => {
  const native = await loadCodec()
  assert.notEqual(native, plainCodec, 'the snappy package is installed here')
  fc.assert(
    fc.property(fc.array(repetitive, { maxLength: 6 }), fc.boolean(), (writes, isNative) => {
      const encoder = new SnappyEncoder(isNative ? native : plainCodec)
      const decoder = new SnappyDecoder(isNative ? plainCodec : native)
      const seen: Buffer[] = []
      for (const chunk of writes.flatMap((bytes) => encoder.encode(bytes))) {
        decoder.decode(chunk, (plain) => seen.push(Buffer.from(plain)) > 0)
      }
      assert.ok(Buffer.concat(seen).equals(Buffer.concat(writes)))
    }),
    { numRuns: 100 },
  )
})
