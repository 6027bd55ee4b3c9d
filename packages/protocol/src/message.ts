// Hot: one call of writeMessageHeader per message published.

import {
  ATTEMPTS_OFFSET,
  FRAME_SIZE_BYTES,
  FRAME_TYPE_MESSAGE,
  MESSAGE_BODY_OFFSET,
  MESSAGE_HEADER_BYTES,
  MESSAGE_ID_BYTES,
  MESSAGE_ID_OFFSET,
  TIMESTAMP_OFFSET,
} from './constants.ts'
import { writeMessageId } from './ids.ts'

/** A moment in Unix nanoseconds as two 32-bit halves, which doubles hold exactly. */
export interface TimestampNs {
  high: number
  low: number
}

/**
 * Writes everything of a message frame that stands before its body: size, type, timestamp, attempts = 1, id.
 *
 * @param target the caller's; must have 34 bytes from `offset` on.
 */
export function writeMessageHeader(
  target: Buffer,
  offset: number,
  bodyBytes: number,
  timestamp: TimestampNs,
  prefix: number,
  sequence: number,
): void {
  const size = FRAME_SIZE_BYTES + MESSAGE_HEADER_BYTES + bodyBytes
  writeUint32(target, offset, size)
  writeUint32(target, offset + FRAME_SIZE_BYTES, FRAME_TYPE_MESSAGE)
  writeUint32(target, offset + TIMESTAMP_OFFSET, timestamp.high)
  writeUint32(target, offset + TIMESTAMP_OFFSET + 4, timestamp.low)
  target[offset + ATTEMPTS_OFFSET] = 0
  target[offset + ATTEMPTS_OFFSET + 1] = 1
  writeMessageId(target, offset + MESSAGE_ID_OFFSET, prefix, sequence)
}

/** Bytes of the whole frame at `offset`, its size field included. */
export function frameBytesAt(source: Uint8Array, offset: number): number {
  return FRAME_SIZE_BYTES + readUint32(source, offset)
}

export function writeAttempts(target: Uint8Array, frameOffset: number, attempts: number): void {
  target[frameOffset + ATTEMPTS_OFFSET] = attempts >>> 8
  target[frameOffset + ATTEMPTS_OFFSET + 1] = attempts & 0xff
}

/** Plain shifts: on these sizes they are inlined, where Buffer's methods check their arguments. */
export function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24
  target[offset + 1] = value >>> 16
  target[offset + 2] = value >>> 8
  target[offset + 3] = value
}

export function readUint32(source: Uint8Array, offset: number): number {
  return (
    ((source[offset]! << 24) |
      (source[offset + 1]! << 16) |
      (source[offset + 2]! << 8) |
      source[offset + 3]!) >>>
    0
  )
}

/** A message as a client sees it. */
export interface DecodedMessage {
  /** Unix nanoseconds. */
  readonly timestampNs: bigint
  /** Deliveries so far, this one included. */
  readonly attempts: number
  /** 16 characters. */
  readonly id: string
  /** Borrowed from the buffer that was decoded. */
  readonly body: Buffer
}

/**
 * Decodes the data of a message frame (what follows size and type). For clients and tools; nsqd itself never
 * makes an object of a message.
 *
 * @throws {RangeError} when `data` is shorter than a message's header.
 */
export function decodeMessage(data: Buffer): DecodedMessage {
  if (data.length < MESSAGE_HEADER_BYTES) {
    throw new RangeError(
      `message of ${data.length} bytes is shorter than its ${MESSAGE_HEADER_BYTES}-byte header`,
    )
  }
  const shift = TIMESTAMP_OFFSET
  const idStart = MESSAGE_ID_OFFSET - shift
  return {
    timestampNs: data.readBigInt64BE(0),
    attempts: data.readUInt16BE(ATTEMPTS_OFFSET - shift),
    id: data.toString('latin1', idStart, idStart + MESSAGE_ID_BYTES),
    body: data.subarray(MESSAGE_BODY_OFFSET - shift),
  }
}
