import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import {
  encodeError,
  encodeFrame,
  encodeResponse,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_MESSAGE,
  FRAME_TYPE_RESPONSE,
  FrameError,
  type FrameView,
  readFrame,
} from '../src/index.ts'

const LIMIT = 1_000

interface Frame {
  readonly type: number
  readonly data: string
}

/** Gathers what arrives and takes out whole frames, as a client does. */
class FrameReader {
  readonly frames: Frame[] = []
  #held = Buffer.alloc(0)
  readonly #view: FrameView = { type: 0, start: 0, end: 0 }

  push(part: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, part])
    let at = 0
    while (readFrame(this.#held, at, this.#held.length, LIMIT, this.#view)) {
      const { type, start, end } = this.#view
      this.frames.push({ type, data: this.#held.toString('latin1', start, end) })
      at = end
    }
    this.#held = this.#held.subarray(at)
  }

  get heldBytes(): number {
    return this.#held.length
  }
}

const frame = fc.record(
  {
    type: fc.constantFrom(
      FRAME_TYPE_RESPONSE,
      FRAME_TYPE_ERROR,
      FRAME_TYPE_MESSAGE,
      -1,
      0x7fffffff,
    ),
    data: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
  { noNullPrototype: true },
)

function encode({ type, data }: Frame): Buffer {
  return encodeFrame(type, Buffer.from(data, 'latin1'))
}

test('responses and errors have the bytes that nsqd sends', () => {
  assert.equal(encodeResponse('OK').toString('hex'), '00000006000000004f4b')
  const heartbeat = Buffer.concat([
    Buffer.from('0000000f00000000', 'hex'),
    Buffer.from('_heartbeat_'),
  ])
  assert.deepEqual(encodeResponse('_heartbeat_'), heartbeat)
  const error = Buffer.concat([
    Buffer.from('0000001200000001', 'hex'),
    Buffer.from('E_BAD_PROTOCOL'),
  ])
  assert.deepEqual(encodeError('E_BAD_PROTOCOL'), error)
  assert.deepEqual(encodeError(Buffer.from('E_BAD_PROTOCOL')), error)
  assert.equal(encodeFrame(2, '').toString('hex'), '0000000400000002')
})

test('text is counted in bytes', () => {
  assert.equal(encodeResponse('é').toString('hex'), '0000000600000000c3a9')
})

test('frames are read whole and byte by byte', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), (frames) => {
      const stream = Buffer.concat(frames.map(encode))
      const whole = new FrameReader()
      whole.push(stream)
      assert.deepEqual(whole.frames, frames)
      const bytewise = new FrameReader()
      for (const byte of stream) bytewise.push(Uint8Array.of(byte))
      assert.deepEqual(bytewise.frames, frames)
      assert.equal(bytewise.heldBytes, 0)
    }),
  )
})

test('frames are read over any split, and a part of one is kept', () => {
  const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 10 })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), cuts, fc.nat(3), (frames, places, extra) => {
      const stream = Buffer.concat([...frames.map(encode), Buffer.alloc(extra)])
      const reader = new FrameReader()
      let from = 0
      for (const cut of places
        .map((place) => Math.min(place, stream.length))
        .toSorted((a, b) => a - b)) {
        reader.push(stream.subarray(from, cut))
        from = cut
      }
      reader.push(stream.subarray(from))
      assert.deepEqual(reader.frames, frames)
      assert.equal(reader.heldBytes, extra)
    }),
  )
})

test('a size that cannot be is refused before its data arrives', () => {
  const view: FrameView = { type: 0, start: 0, end: 0 }
  for (const size of [3, 0, -1, -2_147_483_648, LIMIT + 5, 2_147_483_647]) {
    const head = Buffer.alloc(4)
    head.writeInt32BE(size)
    assert.throws(() => readFrame(head, 0, 4, LIMIT, view), FrameError, String(size))
  }
  const largest = encodeFrame(0, Buffer.alloc(LIMIT))
  assert.ok(readFrame(largest, 0, largest.length, LIMIT, view))
  assert.equal(view.end - view.start, LIMIT)
})

test('bytes past the length given do not count', () => {
  const view: FrameView = { type: 0, start: 0, end: 0 }
  const buffer = Buffer.concat([Buffer.from('xx'), encodeResponse('OK')])
  assert.equal(readFrame(buffer, 2, buffer.length - 1, LIMIT, view), false)
  assert.equal(readFrame(buffer, 2, 5, LIMIT, view), false)
  assert.ok(readFrame(buffer, 2, buffer.length, LIMIT, view))
  assert.deepEqual(view, { type: 0, start: 10, end: 12 })
})
