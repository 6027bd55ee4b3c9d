import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import {
  decodeMessage,
  FRAME_HEADER_BYTES,
  frameBytesAt,
  idPrefix,
  MESSAGE_BODY_OFFSET,
  MESSAGE_FRAME_HEADER_BYTES,
  readUint32,
  writeAttempts,
  writeMessageHeader,
  writeUint32,
} from '../src/index.ts'

test('a message header has exactly these bytes', () => {
  const frame = Buffer.alloc(40, 0xee)
  const timestamp = { high: 0x12345678, low: 0x9abcdef0 }
  writeMessageHeader(frame, 0, 5, timestamp, idPrefix(1, 2), 0xfe_dcba_9876)
  assert.equal(
    frame.toString('hex', 0, MESSAGE_FRAME_HEADER_BYTES),
    [
      '00000023', // size: type 4, timestamp 8, attempts 2, id 16, body 5
      '00000002',
      '123456789abcdef0',
      '0001',
      Buffer.from('004002fedcba9876').toString('hex'),
    ].join(''),
  )
  assert.equal(frame.toString('hex', MESSAGE_FRAME_HEADER_BYTES), 'eeeeeeeeeeee')
  assert.equal(frameBytesAt(frame, 0), MESSAGE_FRAME_HEADER_BYTES + 5)
})

test('attempts are written big-endian in their place', () => {
  const frame = Buffer.alloc(50)
  writeMessageHeader(frame, 3, 0, { high: 0, low: 0 }, 0, 1)
  const before = Buffer.from(frame)
  writeAttempts(frame, 3, 65_535)
  assert.equal(frame.readUInt16BE(3 + 16), 65_535)
  writeAttempts(frame, 3, 258)
  assert.equal(frame.readUInt16BE(3 + 16), 258)
  writeAttempts(frame, 3, 1)
  assert.deepEqual(frame, before)
})

test('a message is decoded as it was written', () => {
  const words = fc.nat({ max: 0xffffffff })
  fc.assert(
    fc.property(
      fc.record({ high: fc.nat({ max: 0x7fffffff }), low: words }),
      fc.integer({ min: 1, max: 65_535 }),
      fc.nat({ max: 2 ** 40 - 1 }),
      fc.uint8Array({ maxLength: 50 }),
      (timestamp, attempts, sequence, body) => {
        const frame = Buffer.alloc(MESSAGE_FRAME_HEADER_BYTES + body.length)
        writeMessageHeader(frame, 0, body.length, timestamp, idPrefix(7, 9), sequence)
        writeAttempts(frame, 0, attempts)
        frame.set(body, MESSAGE_BODY_OFFSET)
        assert.equal(frameBytesAt(frame, 0), frame.length)
        const message = decodeMessage(frame.subarray(FRAME_HEADER_BYTES))
        const ns = (BigInt(timestamp.high) << 32n) | BigInt(timestamp.low)
        assert.equal(message.timestampNs, ns)
        assert.equal(message.attempts, attempts)
        assert.equal(message.id, `01c009${sequence.toString(16).padStart(10, '0')}`)
        assert.deepEqual(message.body, Buffer.from(body))
      },
    ),
  )
})

test('a message shorter than its header is refused', () => {
  assert.throws(() => decodeMessage(Buffer.alloc(25)), RangeError)
  assert.equal(decodeMessage(Buffer.alloc(26)).body.length, 0)
})

test('32-bit numbers are as Buffer has them', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), (value) => {
      const target = Buffer.alloc(6)
      writeUint32(target, 1, value)
      assert.equal(target.readUInt32BE(1), value)
      assert.equal(readUint32(target, 1), value)
    }),
  )
})
