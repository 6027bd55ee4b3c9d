// What one commit wrote, as it stands in a segment. Only this header is not wire format.
//
// batch  => magic("TSQB") crc(uint32) frames-bytes(uint32) count(uint32) first-sequence(uint64) due(uint64, Unix ms)
//           flags(uint32) reserved(uint32) frames
//
// The CRC is CRC-32C over everything behind itself: the rest of the header and all frames.

import { crc32c } from '@node-rs/crc32'
import { frameBytesAt, MESSAGE_FRAME_HEADER_BYTES, readUint32, writeUint32 } from '@tsq/protocol'

export const BATCH_HEADER_BYTES = 40
export const BATCH_MAGIC = 0x54535142
/** The batch holds deferred messages, all due at the header's due time. */
export const BATCH_DEFERRED = 1

const CRC_OFFSET = 4
const CHECKED_OFFSET = 8
const FRAMES_BYTES_OFFSET = 8
const COUNT_OFFSET = 12
const SEQUENCE_OFFSET = 16
const DUE_OFFSET = 24
const FLAGS_OFFSET = 32
const RESERVED_OFFSET = 36
const TWO_32 = 2 ** 32
const SMALLEST_FRAME_BYTES = MESSAGE_FRAME_HEADER_BYTES + 1

/** A batch's header, taken apart. */
export interface BatchHeader {
  crc: number
  framesBytes: number
  count: number
  firstSequence: number
  /** Unix ms; 0 where the batch is not deferred. */
  dueMs: number
}

/**
 * Writes a header for `frames` at `offset` of `target`.
 *
 * @param dueMs Unix ms for a deferred batch, 0 for an ordinary one.
 */
export function writeBatchHeader(
  target: Buffer,
  offset: number,
  frames: Buffer,
  count: number,
  firstSequence: number,
  dueMs: number,
): void {
  writeUint32(target, offset, BATCH_MAGIC)
  writeUint32(target, offset + FRAMES_BYTES_OFFSET, frames.length)
  writeUint32(target, offset + COUNT_OFFSET, count)
  writeUint64(target, offset + SEQUENCE_OFFSET, firstSequence)
  writeUint64(target, offset + DUE_OFFSET, dueMs)
  writeUint32(target, offset + FLAGS_OFFSET, dueMs > 0 ? BATCH_DEFERRED : 0)
  writeUint32(target, offset + RESERVED_OFFSET, 0)
  const head = target.subarray(offset + CHECKED_OFFSET, offset + BATCH_HEADER_BYTES)
  writeUint32(target, offset + CRC_OFFSET, crc32c(frames, crc32c(head)))
}

/**
 * Reads the header at `offset`, which must have its 40 bytes there. Returns false where there is none: wrong magic or
 * numbers that cannot be. Whether the frames are whole is for {@link isBatchSound} to say.
 */
export function readBatchHeader(source: Buffer, offset: number, header: BatchHeader): boolean {
  if (readUint32(source, offset) !== BATCH_MAGIC) return false
  header.crc = readUint32(source, offset + CRC_OFFSET)
  header.framesBytes = readUint32(source, offset + FRAMES_BYTES_OFFSET)
  header.count = readUint32(source, offset + COUNT_OFFSET)
  header.firstSequence = readUint64(source, offset + SEQUENCE_OFFSET)
  header.dueMs = readUint64(source, offset + DUE_OFFSET)
  const isDeferred = (readUint32(source, offset + FLAGS_OFFSET) & BATCH_DEFERRED) !== 0
  return (
    header.count > 0 &&
    header.framesBytes >= header.count * SMALLEST_FRAME_BYTES &&
    header.firstSequence <= Number.MAX_SAFE_INTEGER &&
    isDeferred === header.dueMs > 0
  )
}

/** Whether the batch at `offset`, whole in `source`, is what was written: its CRC is right and its frames add up. */
export function isBatchSound(source: Buffer, offset: number, header: BatchHeader): boolean {
  const framesStart = offset + BATCH_HEADER_BYTES
  const framesEnd = framesStart + header.framesBytes
  const head = source.subarray(offset + CHECKED_OFFSET, framesStart)
  if (crc32c(source.subarray(framesStart, framesEnd), crc32c(head)) !== header.crc) return false
  let at = framesStart
  let count = 0
  while (at + MESSAGE_FRAME_HEADER_BYTES < framesEnd) {
    at += frameBytesAt(source, at)
    count += 1
  }
  return at === framesEnd && count === header.count
}

export function emptyBatchHeader(): BatchHeader {
  return { crc: 0, framesBytes: 0, count: 0, firstSequence: 0, dueMs: 0 }
}

export function writeUint64(target: Buffer, offset: number, value: number): void {
  writeUint32(target, offset, Math.floor(value / TWO_32))
  writeUint32(target, offset + 4, value % TWO_32)
}

export function readUint64(source: Buffer, offset: number): number {
  return readUint32(source, offset) * TWO_32 + readUint32(source, offset + 4)
}
