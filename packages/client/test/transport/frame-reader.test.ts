import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeFrame } from '@tsq/protocol'
import { FrameReader } from '../../src/transport/frame-reader.ts'

function reading(maxFrameBytes = 1_000_000): { reader: FrameReader; frames: [number, string][] } {
  const frames: [number, string][] = []
  const reader = new FrameReader(maxFrameBytes, (type, buffer, start, end) => {
    frames.push([type, buffer.toString('latin1', start, end)])
  })
  return { reader, frames }
}

void test('reads the same frames however the bytes are cut', () => {
  const frame = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.uint8Array({ maxLength: 300 }))
  const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), cuts, (frames, sizes) => {
      const bytes = Buffer.concat(frames.map(([type, data]) => encodeFrame(type, data)))
      const { reader, frames: seen } = reading()
      let at = 0
      for (let i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        reader.push(Buffer.from(bytes.subarray(at, at + size)))
        at += size
      }
      const expected = frames.map(([type, data]) => [type, Buffer.from(data).toString('latin1')])
      assert.deepEqual(seen, expected)
    }),
    { numRuns: 300 },
  )
})

void test('reads frames byte by byte, and one of many chunks', () => {
  const { reader, frames } = reading()
  const large = 'x'.repeat(500_000)
  const bytes = Buffer.concat([encodeFrame(0, 'OK'), encodeFrame(2, ''), encodeFrame(1, 'E_X y')])
  for (const byte of bytes) reader.push(Buffer.from([byte]))
  const more = encodeFrame(2, large)
  for (let at = 0; at < more.length; at += 65_536) reader.push(more.subarray(at, at + 65_536))
  assert.deepEqual(frames, [
    [0, 'OK'],
    [2, ''],
    [1, 'E_X y'],
    [2, large],
  ])
})

void test('sizes that cannot be true are refused before anything is kept', () => {
  for (const size of [3, 0, -1, 1_001]) {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(size)
    assert.throws(() => reading(1_000).reader.push(bytes), { code: 'ERR_PROTOCOL' })
    const { reader } = reading(1_000)
    reader.push(bytes.subarray(0, 3))
    assert.throws(() => reader.push(bytes.subarray(3)), { code: 'ERR_PROTOCOL' })
  }
})

void test('a stopped reader keeps what it does not read', () => {
  const bytes = Buffer.concat([
    encodeFrame(0, 'first'),
    encodeFrame(0, 'second'),
    Buffer.from('ab'),
  ])
  for (let cut = 1; cut < bytes.length; cut++) {
    const seen: string[] = []
    const reader: FrameReader = new FrameReader(1_000, (_type, buffer, start, end) => {
      seen.push(buffer.toString('latin1', start, end))
      reader.stop()
    })
    reader.push(bytes.subarray(0, cut))
    reader.push(bytes.subarray(cut))
    assert.deepEqual(seen, ['first'])
    assert.deepEqual(reader.rest(), bytes.subarray(13))
  }
})
