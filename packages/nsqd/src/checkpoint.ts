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

/** Where a channel stands, without what is unsettled behind it. */
export interface ChannelPlace {
  /** The next message never delivered. */
  readonly cursor: number
  /** Deferred messages below are among the unsettled or settled. */
  readonly absorbed: number
  readonly isPaused: boolean
}

/** What of a channel must be there after a restart. */
export interface ChannelCheckpoint extends ChannelPlace {
  readonly unsettled: UnsettledMessages
}

/** Writes a checkpoint, message by message. */
export class CheckpointEncoder {
  /** The header and the ranges. */
  readonly #head: Buffer
  readonly #specials: Buffer
  #headBytes = HEADER_BYTES
  #specialBytes = 0
  #rangeEnd = -1

  /** @param most how many messages there may be. What is never written to costs no memory. */
  constructor(place: ChannelPlace, most: number) {
    this.#head = Buffer.allocUnsafeSlow(HEADER_BYTES + most * RANGE_BYTES)
    this.#specials = Buffer.allocUnsafeSlow(most * SPECIAL_BYTES)
    this.#head.write(MAGIC, 'latin1')
    this.#head.writeUInt32BE(place.isPaused ? PAUSED : 0, CHECKED_OFFSET)
    writeUint64(this.#head, 16, place.cursor)
    writeUint64(this.#head, 24, place.absorbed)
  }

  /**
   * @param sequence above all others.
   * @param dueMs Unix ms; 0 where it may be delivered at once.
   * @param attempts deliveries so far.
   */
  add(sequence: number, dueMs: number, attempts: number): void {
    if (dueMs > 0 || attempts !== 1) {
      const at = this.#specialBytes
      writeUint64(this.#specials, at, sequence)
      writeUint64(this.#specials, at + 8, dueMs)
      this.#specials.writeUInt32BE(attempts, at + 16)
      this.#specialBytes = at + SPECIAL_BYTES
      return
    }
    if (sequence !== this.#rangeEnd) {
      writeUint64(this.#head, this.#headBytes, sequence)
      this.#headBytes += RANGE_BYTES
    }
    this.#rangeEnd = sequence + 1
    writeUint64(this.#head, this.#headBytes - 8, this.#rangeEnd)
  }

  /** The parts of the checkpoint; nothing may be added any more. */
  finish(): readonly Uint8Array[] {
    const head = this.#head.subarray(0, this.#headBytes)
    const specials = this.#specials.subarray(0, this.#specialBytes)
    writeUint64(head, 32, (head.length - HEADER_BYTES) / RANGE_BYTES)
    writeUint64(head, 40, specials.length / SPECIAL_BYTES)
    const crc = crc32c(specials, crc32c(head.subarray(CHECKED_OFFSET)))
    head.writeUInt32BE(crc, CRC_OFFSET)
    return [head, specials]
  }
}

export function encodeCheckpoint(checkpoint: ChannelCheckpoint): readonly Uint8Array[] {
  const { unsettled } = checkpoint
  const encoder = new CheckpointEncoder(checkpoint, unsettled.length)
  for (let i = 0; i < unsettled.length; i++) {
    encoder.add(unsettled.sequence[i]!, unsettled.dueMs[i]!, unsettled.attempts[i]!)
  }
  return encoder.finish()
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
