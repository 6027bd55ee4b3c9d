// checkpoint => magic("TSQC0001") crc(uint32) flags(uint32: 1 = paused) cursor absorbed ranges specials (uint64 each)
//               (from(uint64) to(uint64))*                            unsettled, delivered once
//               (sequence(uint64) due(uint64, Unix ms) attempts(uint32))*  unsettled, with a due time or other attempts
//
// The CRC is CRC-32C over everything behind itself.

import { crc32c } from '@node-rs/crc32'

import { readUint64, writeUint64 } from './log/batch.ts'

const MAGIC = 'TSQC0001'
const CRC_OFFSET = 8
const CHECKED_OFFSET = 12
const HEADER_BYTES = 48
const RANGE_BYTES = 16
const SPECIAL_BYTES = 20
const PAUSED = 1

/** A message that its channel still owes a delivery. */
export interface UnsettledMessage {
  readonly sequence: number
  /** Unix ms; 0 where it may be delivered at once. */
  readonly dueMs: number
  /** Deliveries so far. */
  readonly attempts: number
}

/** What of a channel must be there after a restart. */
export interface ChannelCheckpoint {
  /** The next message never delivered. */
  readonly cursor: number
  /** Deferred messages below are in `unsettled` or settled. */
  readonly absorbed: number
  readonly isPaused: boolean
  /** Ascending. */
  readonly unsettled: readonly UnsettledMessage[]
}

export function encodeCheckpoint(checkpoint: ChannelCheckpoint): Buffer {
  const ranges: [number, number][] = []
  const specials: UnsettledMessage[] = []
  for (const message of checkpoint.unsettled) {
    if (message.dueMs > 0 || message.attempts !== 1) {
      specials.push(message)
      continue
    }
    const last = ranges.at(-1)
    if (last?.[1] === message.sequence) last[1] += 1
    else ranges.push([message.sequence, message.sequence + 1])
  }
  const specialsStart = HEADER_BYTES + ranges.length * RANGE_BYTES
  const content = Buffer.alloc(specialsStart + specials.length * SPECIAL_BYTES)
  content.write(MAGIC, 'latin1')
  content.writeUInt32BE(checkpoint.isPaused ? PAUSED : 0, CHECKED_OFFSET)
  writeUint64(content, 16, checkpoint.cursor)
  writeUint64(content, 24, checkpoint.absorbed)
  writeUint64(content, 32, ranges.length)
  writeUint64(content, 40, specials.length)
  for (const [i, [from, to]] of ranges.entries()) {
    writeUint64(content, HEADER_BYTES + i * RANGE_BYTES, from)
    writeUint64(content, HEADER_BYTES + i * RANGE_BYTES + 8, to)
  }
  for (const [i, { sequence, dueMs, attempts }] of specials.entries()) {
    const at = specialsStart + i * SPECIAL_BYTES
    writeUint64(content, at, sequence)
    writeUint64(content, at + 8, dueMs)
    content.writeUInt32BE(attempts, at + 16)
  }
  content.writeUInt32BE(crc32c(content.subarray(CHECKED_OFFSET)), CRC_OFFSET)
  return content
}

/** The checkpoint, or undefined where the bytes are none. */
export function decodeCheckpoint(content: Buffer): ChannelCheckpoint | undefined {
  if (content.length < HEADER_BYTES) return undefined
  if (content.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const crc = crc32c(content.subarray(CHECKED_OFFSET))
  if (crc !== content.readUInt32BE(CRC_OFFSET)) return undefined
  const ranges = readUint64(content, 32)
  const specials = readUint64(content, 40)
  const specialsStart = HEADER_BYTES + ranges * RANGE_BYTES
  if (content.length !== specialsStart + specials * SPECIAL_BYTES) return undefined
  const unsettled: UnsettledMessage[] = []
  for (let i = 0; i < ranges; i++) {
    const at = HEADER_BYTES + i * RANGE_BYTES
    const to = readUint64(content, at + 8)
    for (let sequence = readUint64(content, at); sequence < to; sequence++) {
      unsettled.push({ sequence, dueMs: 0, attempts: 1 })
    }
  }
  for (let i = 0; i < specials; i++) {
    const at = specialsStart + i * SPECIAL_BYTES
    unsettled.push({
      sequence: readUint64(content, at),
      dueMs: readUint64(content, at + 8),
      attempts: content.readUInt32BE(at + 16),
    })
  }
  unsettled.sort((a, b) => a.sequence - b.sequence)
  return {
    cursor: readUint64(content, 16),
    absorbed: readUint64(content, 24),
    isPaused: (content.readUInt32BE(CHECKED_OFFSET) & PAUSED) !== 0,
    unsettled,
  }
}
