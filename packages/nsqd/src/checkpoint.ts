// checkpoint => magic("TSQC0001") crc(uint32) flags(uint32: 1 = paused) cursor absorbed ranges specials (uint64 each)
//               (from(uint64) to(uint64))*                            unsettled, delivered once
//               (sequence(uint64) due(uint64, Unix ms) attempts(uint32))*  unsettled, with a due time or other attempts
//
// The CRC is CRC-32C over everything behind itself.

import { crc32c } from '@node-rs/crc32'

import { readUint64, writeUint64 } from './log/batch.ts'
import { UnsettledMessages } from './unsettled.ts'

const MAGIC = 'TSQC0001'
const CRC_OFFSET = 8
const CHECKED_OFFSET = 12
const HEADER_BYTES = 48
const RANGE_BYTES = 16
const SPECIAL_BYTES = 20
const PAUSED = 1

/** What of a channel must be there after a restart. */
export interface ChannelCheckpoint {
  /** The next message never delivered. */
  readonly cursor: number
  /** Deferred messages below are in `unsettled` or settled. */
  readonly absorbed: number
  readonly isPaused: boolean
  readonly unsettled: UnsettledMessages
}

export function encodeCheckpoint(checkpoint: ChannelCheckpoint): Buffer {
  const { unsettled } = checkpoint
  const { ranges, specials } = countOf(unsettled)
  const specialsStart = HEADER_BYTES + ranges * RANGE_BYTES
  const content = Buffer.alloc(specialsStart + specials * SPECIAL_BYTES)
  content.write(MAGIC, 'latin1')
  content.writeUInt32BE(checkpoint.isPaused ? PAUSED : 0, CHECKED_OFFSET)
  writeUint64(content, 16, checkpoint.cursor)
  writeUint64(content, 24, checkpoint.absorbed)
  writeUint64(content, 32, ranges)
  writeUint64(content, 40, specials)
  let rangeAt = HEADER_BYTES - RANGE_BYTES
  let specialAt = specialsStart
  let rangeEnd = -1
  for (let i = 0; i < unsettled.length; i++) {
    const sequence = unsettled.sequence[i]!
    if (isSpecial(unsettled, i)) {
      writeUint64(content, specialAt, sequence)
      writeUint64(content, specialAt + 8, unsettled.dueMs[i]!)
      content.writeUInt32BE(unsettled.attempts[i]!, specialAt + 16)
      specialAt += SPECIAL_BYTES
      continue
    }
    if (sequence !== rangeEnd) {
      rangeAt += RANGE_BYTES
      writeUint64(content, rangeAt, sequence)
    }
    rangeEnd = sequence + 1
    writeUint64(content, rangeAt + 8, rangeEnd)
  }
  content.writeUInt32BE(crc32c(content.subarray(CHECKED_OFFSET)), CRC_OFFSET)
  return content
}

/** Whether it needs more than a place in a range: it has a due time, or was not delivered just once. */
function isSpecial({ dueMs, attempts }: UnsettledMessages, i: number): boolean {
  return dueMs[i]! > 0 || attempts[i] !== 1
}

function countOf(unsettled: UnsettledMessages): { ranges: number; specials: number } {
  let ranges = 0
  let specials = 0
  let rangeEnd = -1
  for (let i = 0; i < unsettled.length; i++) {
    const sequence = unsettled.sequence[i]!
    if (isSpecial(unsettled, i)) {
      specials += 1
      continue
    }
    if (sequence !== rangeEnd) ranges += 1
    rangeEnd = sequence + 1
  }
  return { ranges, specials }
}

/** The checkpoint, or undefined where the bytes are none. */
export function decodeCheckpoint(content: Buffer): ChannelCheckpoint | undefined {
  if (content.length < HEADER_BYTES) return undefined
  if (content.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const crc = crc32c(content.subarray(CHECKED_OFFSET))
  if (crc !== content.readUInt32BE(CRC_OFFSET)) return undefined
  const ranges = readUint64(content, 32)
  const specials = readUint64(content, 40)
  if (content.length !== HEADER_BYTES + ranges * RANGE_BYTES + specials * SPECIAL_BYTES) {
    return undefined
  }
  return {
    cursor: readUint64(content, 16),
    absorbed: readUint64(content, 24),
    isPaused: (content.readUInt32BE(CHECKED_OFFSET) & PAUSED) !== 0,
    unsettled: readUnsettled(content, HEADER_BYTES + ranges * RANGE_BYTES),
  }
}

/** Ranges and specials, both ascending, as one. */
function readUnsettled(content: Buffer, specialsStart: number): UnsettledMessages {
  const unsettled = new UnsettledMessages()
  let at = specialsStart
  let special = sequenceAt(content, at)
  const takeSpecialsBelow = (end: number): void => {
    while (special < end) {
      unsettled.push(special, readUint64(content, at + 8), content.readUInt32BE(at + 16))
      at += SPECIAL_BYTES
      special = sequenceAt(content, at)
    }
  }
  for (let range = HEADER_BYTES; range < specialsStart; range += RANGE_BYTES) {
    const from = readUint64(content, range)
    const to = readUint64(content, range + 8)
    takeSpecialsBelow(from)
    for (let sequence = from; sequence < to; sequence++) unsettled.push(sequence, 0, 1)
  }
  takeSpecialsBelow(Infinity)
  return unsettled
}

function sequenceAt(content: Buffer, at: number): number {
  return at < content.length ? readUint64(content, at) : Infinity
}
