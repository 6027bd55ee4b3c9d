import {
  FRAME_HEADER_BYTES,
  FRAME_SIZE_BYTES,
  FRAME_TYPE_BYTES,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_RESPONSE,
} from './constants.ts'

/** A frame as nsqd sends it. `data` is the caller's to keep; it is copied. */
export function encodeFrame(type: number, data: string | Uint8Array): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes.length)
  frame.writeInt32BE(FRAME_TYPE_BYTES + bytes.length, 0)
  frame.writeInt32BE(type, FRAME_SIZE_BYTES)
  frame.set(bytes, FRAME_HEADER_BYTES)
  return frame
}

export function encodeResponse(data: string): Buffer {
  return encodeFrame(FRAME_TYPE_RESPONSE, data)
}

/** @param text code and description, as `ProtocolError.message` has them. */
export function encodeError(text: string | Uint8Array): Buffer {
  return encodeFrame(FRAME_TYPE_ERROR, text)
}

/** What {@link readFrame} found at an offset; reused by the caller, overwritten by each call. */
export interface FrameView {
  type: number
  /** Where the data begins, counted in the buffer that was read. */
  start: number
  /** Where it ends; also where the next frame begins. */
  end: number
}

/** A peer sent a frame whose size cannot be true. The connection cannot be read on. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly code = 'E_BAD_FRAME'
}

/**
 * Reads the frame at `offset`. Returns false while it is not whole yet; that is a value, not an error.
 *
 * @param view receives where the frame's data lies; borrowed.
 * @param maxDataBytes the most the data may hold; checked before waiting for it.
 * @throws {FrameError} when the size is below 4 or past the limit.
 */
export function readFrame(
  buffer: Buffer,
  offset: number,
  length: number,
  maxDataBytes: number,
  view: FrameView,
): boolean {
  if (length - offset < FRAME_SIZE_BYTES) return false
  const size = buffer.readInt32BE(offset)
  if (size < FRAME_TYPE_BYTES || size - FRAME_TYPE_BYTES > maxDataBytes) {
    throw new FrameError(`frame size ${size} is not within 4-${maxDataBytes + FRAME_TYPE_BYTES}`)
  }
  if (length - offset < FRAME_SIZE_BYTES + size) return false
  view.type = buffer.readInt32BE(offset + FRAME_SIZE_BYTES)
  view.start = offset + FRAME_HEADER_BYTES
  view.end = offset + FRAME_SIZE_BYTES + size
  return true
}
