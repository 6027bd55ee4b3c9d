import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { type SnappyCodec, SnappyDecoder, SnappyEncoder, SnappyError } from '../src/index.ts'

const IDENTIFIER = Buffer.from('ff060000734e61507059', 'hex')

/** Bit by bit, as the polynomial says. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return (crc ^ 0xffff_ffff) >>> 0
}

/** Blocks of one literal, or of one byte repeated: enough to see which path was taken. */
const codec: SnappyCodec = {
  compress(plain) {
    if (!plain.every((byte) => byte === plain[0])) return literal(plain)
    return Buffer.concat([varint(plain.length), Buffer.from([0xf0, plain[0]!])])
  },
  uncompress(block) {
    let size = 0
    let at = 0
    for (let shift = 0; ; shift += 7) {
      const byte = block[at++]!
      size |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (block[at] === 0xf0 && block.length === at + 2) return Buffer.alloc(size, block[at + 1])
    if (block.length - at - 1 !== size) throw new Error('no such block')
    return block.subarray(at + 1)
  },
  crc32c,
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}

function literal(plain: Uint8Array): Buffer {
  return Buffer.concat([varint(plain.length), Buffer.from([0]), plain])
}

function chunk(type: number, data: Uint8Array, claimed = data.length): Buffer {
  const header = Buffer.alloc(4)
  header[0] = type
  header.writeUIntLE(claimed, 1, 3)
  return Buffer.concat([header, data])
}

function withCrc(crc: number, body: Uint8Array): Buffer {
  const masked = Buffer.alloc(4)
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0)
  return Buffer.concat([masked, body])
}

function decode(parts: Iterable<Buffer>): Buffer {
  const decoder = new SnappyDecoder(codec)
  const plain: Buffer[] = []
  for (const part of parts) {
    // What is handed on is borrowed: it is overwritten here after each call.
    const borrowed = Buffer.from(part)
    decoder.decode(borrowed, (bytes) => {
      plain.push(Buffer.from(bytes))
      return true
    })
    borrowed.fill(0xee)
  }
  return Buffer.concat(plain)
}

/** A stream with its identifier. */
function begun(...chunks: Buffer[]): Buffer {
  return Buffer.concat([IDENTIFIER, ...chunks])
}

function refuses(stream: Buffer, message: RegExp): void {
  const whole = (): unknown => decode([stream])
  const bytewise = (): unknown => decode(Array.from(stream, (byte) => Buffer.from([byte])))
  for (const attempt of [whole, bytewise]) {
    assert.throws(attempt, (error) => error instanceof SnappyError && message.test(error.message))
  }
}

void test('an OK frame is what nsqd sends', () => {
  const ok = Buffer.from('00000006000000004f4b', 'hex')
  const sent = Buffer.concat(new SnappyEncoder(codec).encode(ok))
  const crc = withCrc(crc32c(ok), ok)
  assert.equal(crc32c(Buffer.from('123456789')), 0xe306_9283)
  assert.deepEqual(sent, Buffer.concat([IDENTIFIER, Buffer.from('010e0000', 'hex'), crc]))
})

void test('every encoding is whole chunks, the identifier only before the first', () => {
  const encoder = new SnappyEncoder(codec)
  assert.equal(encoder.encode(Buffer.from('one')).length, 2)
  assert.equal(encoder.encode(Buffer.from('two')).length, 1)
  assert.equal(encoder.encode(Buffer.alloc(65_536)).length, 1)
  assert.equal(encoder.encode(Buffer.alloc(65_537)).length, 2)
})

void test('what shrinks is compressed, what does not is sent as it is', () => {
  const encoder = new SnappyEncoder(codec)
  encoder.encode(Buffer.from('x'))
  assert.equal(encoder.encode(Buffer.alloc(1_000, 'a'))[0]![0], 0)
  assert.equal(encoder.encode(Buffer.from('abc'.repeat(400)))[0]![0], 1)
})

void test('what was encoded comes back, however it is cut', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(200_000), fc.nat(255)).map(([length, byte]) => Buffer.alloc(length, byte)),
  )
  const pieces = fc.array(piece, { maxLength: 6 })
  fc.assert(
    fc.property(pieces, fc.infiniteStream(fc.integer({ min: 1, max: 70_000 })), (plain, cuts) => {
      const encoder = new SnappyEncoder(codec)
      const stream = Buffer.concat(plain.flatMap((bytes) => encoder.encode(bytes)))
      const parts: Buffer[] = []
      for (let at = 0; at < stream.length;) {
        const next = at + (cuts.next().value ?? 1)
        parts.push(stream.subarray(at, next))
        at = next
      }
      assert.ok(decode(parts).equals(Buffer.concat(plain)))
    }),
    { numRuns: 30 },
  )
})

void test('byte by byte', () => {
  const encoder = new SnappyEncoder(codec)
  const plain = [Buffer.from('lone'), Buffer.alloc(500, 7), Buffer.from('abc'.repeat(50))]
  const stream = Buffer.concat(plain.flatMap((bytes) => encoder.encode(bytes)))
  const back = decode(Array.from(stream, (byte) => Buffer.from([byte])))
  assert.deepEqual(back, Buffer.concat(plain))
})

void test('chunks to be passed over are, however long, and the identifier may come again', () => {
  const plain = Buffer.from('plain')
  const data = chunk(1, withCrc(crc32c(plain), plain))
  const padding = chunk(0xfe, Buffer.alloc(300_000))
  const stream = Buffer.concat([IDENTIFIER, padding, data, chunk(0x80, plain), IDENTIFIER, data])
  assert.equal(decode([stream]).toString(), 'plainplain')
  const cut = [stream.subarray(0, 100), stream.subarray(100, 200_000), stream.subarray(200_000)]
  assert.equal(decode(cut).toString(), 'plainplain')
})

void test('who wants no more gets no more', () => {
  const encoder = new SnappyEncoder(codec)
  const stream = Buffer.concat(['a', 'b', 'c'].flatMap((text) => encoder.encode(Buffer.from(text))))
  const seen: string[] = []
  new SnappyDecoder(codec).decode(stream, (plain) => seen.push(plain.toString()) < 2)
  assert.deepEqual(seen, ['a', 'b'])
})

void test('streams that lie are refused', () => {
  const plain = Buffer.from('plain')
  const good = withCrc(crc32c(plain), plain)
  const bad = withCrc(crc32c(plain) ^ 1, plain)
  refuses(chunk(1, good), /no identifier/)
  refuses(chunk(0xff, Buffer.from('sNaPpX')), /identifier is wrong/)
  refuses(chunk(0xff, Buffer.alloc(0), 7), /identifier is wrong/)
  refuses(begun(chunk(1, bad)), /checksum does not fit/)
  refuses(begun(chunk(0, withCrc(crc32c(plain) ^ 1, literal(plain)))), /checksum does not fit/)
  refuses(begun(chunk(0, good)), /cannot be restored/)
  refuses(begun(chunk(1, Buffer.alloc(3))), /no checksum/)
  refuses(begun(chunk(2, good)), /type 2 is unknown/)
  refuses(begun(chunk(0x7f, good)), /type 127 is unknown/)
  // By their headers alone: the rest may never come.
  refuses(chunk(1, Buffer.alloc(0), 100), /no identifier/)
  refuses(chunk(0xff, Buffer.alloc(0), 5), /identifier is wrong/)
  refuses(begun(chunk(0x37, Buffer.alloc(0), 26_438)), /type 55 is unknown/)
  refuses(begun(chunk(0, Buffer.alloc(0), 3)), /no checksum/)
  refuses(begun(chunk(0, withCrc(0, Buffer.from('ffffffff', 'hex')))), /no size/)
  refuses(begun(chunk(0, withCrc(0, Buffer.alloc(0)))), /no size/)
})

void test('an oversized chunk is refused by its header, an oversized block by what it claims', () => {
  refuses(begun(chunk(1, Buffer.alloc(0), 0xff_ffff)), /16777215 bytes > 76494/)
  const large = Buffer.alloc(65_537)
  refuses(begun(chunk(1, withCrc(crc32c(large), large))), /65537 bytes > 65536/)
  const claims = Buffer.concat([varint(0xffff_ffff), Buffer.from([0xf0, 0])])
  refuses(begun(chunk(0, withCrc(0, claims))), /claims 4294967295 bytes > 65536/)
})
