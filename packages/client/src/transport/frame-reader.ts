// Hot: every byte from nsqd passes here. Frames that lie whole in a chunk are handed on where they lie; only a
// frame cut by the end of a chunk is copied, once, when its last byte is there.

import { FRAME_SIZE_BYTES, FRAME_TYPE_BYTES } from '@tsq/protocol'
import { PeerError } from '../errors.ts'

/** Takes the frames: data lies at start…end of `buffer`, and is never written to again. */
export type FrameSink = (type: number, buffer: Buffer, start: number, end: number) => void

/** `HTTP` read as a frame size: the peer is an HTTP port. */
const HTTP_AS_SIZE = 0x48545450
const FIRST_ROOM_BYTES = 65_536
const EMPTY = Buffer.alloc(0)

export class FrameReader {
  readonly #sink: FrameSink
  readonly #maxFrameBytes: number
  /** The frame that is not whole yet; grows with what has come, never ahead of it by more than double. */
  #partial: Buffer = EMPTY
  #held = 0
  /** Bytes until the held ones mean something: the size field, then the frame. */
  #needed = 0
  #isStopped = false

  constructor(maxFrameBytes: number, sink: FrameSink) {
    this.#maxFrameBytes = maxFrameBytes
    this.#sink = sink
  }

  /** Hands on no more frames; {@link rest} has the bytes behind the last one. */
  stop(): void {
    this.#isStopped = true
  }

  /** What was pushed and is no whole frame, or came after {@link stop}. Empties the reader and lets it go on. */
  rest(): Buffer {
    const rest = this.#partial.subarray(0, this.#held)
    this.#clear()
    this.#isStopped = false
    return rest
  }

  /**
   * @param chunk kept where frames in it are kept.
   * @throws {PeerError} when a size cannot be true; the reader is then of no more use.
   */
  push(chunk: Buffer): void {
    let at = 0
    while (this.#held > 0 && !this.#isStopped) {
      const taken = Math.min(this.#needed - this.#held, chunk.length - at)
      this.#keep(chunk, at, at + taken)
      at += taken
      if (this.#held < this.#needed) return
      this.#complete()
    }
    if (!this.#isStopped) at = this.#readWhole(chunk, at)
    const left = chunk.length - at
    if (left === 0) return
    if (this.#held === 0 && !this.#isStopped) {
      this.#needed =
        left < FRAME_SIZE_BYTES ? FRAME_SIZE_BYTES : FRAME_SIZE_BYTES + this.#sizeAt(chunk, at)
    }
    this.#keep(chunk, at, chunk.length)
  }

  #readWhole(chunk: Buffer, from: number): number {
    const end = chunk.length
    let at = from
    while (end - at >= FRAME_SIZE_BYTES && !this.#isStopped) {
      const next = at + FRAME_SIZE_BYTES + this.#sizeAt(chunk, at)
      if (next > end) break
      const start = at + FRAME_SIZE_BYTES + FRAME_TYPE_BYTES
      at = next
      this.#sink(readInt32(chunk, start - FRAME_TYPE_BYTES), chunk, start, next)
    }
    return at
  }

  /** As many bytes are held as were needed: a size field, or a frame. */
  #complete(): void {
    const frame = this.#partial
    if (this.#needed === FRAME_SIZE_BYTES) {
      this.#needed += this.#sizeAt(frame, 0)
      return
    }
    const end = this.#held
    this.#clear()
    const start = FRAME_SIZE_BYTES + FRAME_TYPE_BYTES
    this.#sink(readInt32(frame, FRAME_SIZE_BYTES), frame, start, end)
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const held = this.#held + end - start
    if (held > this.#partial.length) {
      const room = Math.max(held, Math.min(this.#needed, Math.max(held * 2, FIRST_ROOM_BYTES)))
      const grown = Buffer.allocUnsafe(room)
      this.#partial.copy(grown, 0, 0, this.#held)
      this.#partial = grown
    }
    chunk.copy(this.#partial, this.#held, start, end)
    this.#held = held
  }

  #clear(): void {
    this.#partial = EMPTY
    this.#held = 0
    this.#needed = 0
  }

  #sizeAt(source: Buffer, at: number): number {
    const size = readInt32(source, at)
    if (size >= FRAME_TYPE_BYTES && size <= this.#maxFrameBytes) return size
    if (size === HTTP_AS_SIZE) {
      throw new PeerError('unexpected HTTP response, a nsqd TCP endpoint is required')
    }
    throw new PeerError(
      `frame size ${size} is not within ${FRAME_TYPE_BYTES}-${this.#maxFrameBytes}`,
    )
  }
}

function readInt32(source: Buffer, at: number): number {
  return (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!
}
