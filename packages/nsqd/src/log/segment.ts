import path from 'node:path'

import { crc32c } from '@node-rs/crc32'

import { readUint64, writeUint64 } from './batch.ts'
import type { LogFiles } from './files.ts'
import { BatchScanner, type Damage } from './scan.ts'

/** A place in the index lies at least this many bytes behind the one before. */
const INDEX_EVERY_BYTES = 64 * 1024
const SEGMENT_SUFFIX = '.log'
const INDEX_SUFFIX = '.index'
const NAME = /^(\d{16})\.log$/

// index => magic("TSQI0001") crc(uint32) reserved(uint32) end-sequence bytes deferred-batches places(uint64 each)
//          (sequence(uint64) offset(uint64))*
const INDEX_MAGIC = 'TSQI0001'
const INDEX_CHECKED_OFFSET = 16
const INDEX_HEADER_BYTES = 48

/** One file of a topic's log: a run of batches, named by its first sequence number. */
export class Segment {
  readonly file: string
  readonly indexFile: string
  readonly firstSequence: number
  /** Sequence number after the last message. */
  endSequence: number
  bytes = 0
  /** How many batches in here are deferred; 0 spares whoever looks for deferred messages the reading. */
  deferredBatches = 0
  /** Whether the file's name is durable yet; only asked for with `--ack-after=fsync`. */
  isNameSynced = false
  readonly #sequences: number[] = []
  readonly #offsets: number[] = []

  constructor(folder: string, firstSequence: number) {
    const stem = path.join(folder, segmentStem(firstSequence))
    this.file = stem + SEGMENT_SUFFIX
    this.indexFile = stem + INDEX_SUFFIX
    this.firstSequence = firstSequence
    this.endSequence = firstSequence
  }

  /** Takes note of a batch that stands at the end of the file. */
  addBatch(bytes: number, firstSequence: number, count: number, isDeferred: boolean): void {
    const last = this.#offsets.length - 1
    if (last === -1 || this.bytes - this.#offsets[last]! >= INDEX_EVERY_BYTES) {
      this.#sequences.push(firstSequence)
      this.#offsets.push(this.bytes)
    }
    this.bytes += bytes
    this.endSequence = firstSequence + count
    if (isDeferred) this.deferredBatches += 1
  }

  /** Nothing in the file can be read: it stands for all that is missing, until every channel is past that. */
  coverUnreadable(bytes: number, endSequence: number): void {
    this.bytes = bytes
    this.endSequence = endSequence
  }

  /** Where to start reading for a message: the offset of a batch that begins at or before it. */
  offsetBefore(sequence: number): number {
    let low = 0
    let high = this.#sequences.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#sequences[middle]! <= sequence) low = middle
      else high = middle - 1
    }
    return this.#offsets[low] ?? 0
  }

  writeIndex(files: LogFiles, sync: boolean): void {
    const places = this.#sequences.length
    const content = Buffer.alloc(INDEX_HEADER_BYTES + places * 16)
    content.write(INDEX_MAGIC, 'latin1')
    writeUint64(content, 16, this.endSequence)
    writeUint64(content, 24, this.bytes)
    writeUint64(content, 32, this.deferredBatches)
    writeUint64(content, 40, places)
    for (let i = 0; i < places; i++) {
      writeUint64(content, INDEX_HEADER_BYTES + i * 16, this.#sequences[i]!)
      writeUint64(content, INDEX_HEADER_BYTES + i * 16 + 8, this.#offsets[i]!)
    }
    content.writeUInt32BE(crc32c(content.subarray(INDEX_CHECKED_OFFSET)), INDEX_MAGIC.length)
    files.replace(this.indexFile, content, sync)
  }

  /** Fills the segment from its index file. Returns false where that is missing, damaged or of another length. */
  readIndex(files: Pick<LogFiles, 'readWhole'>, fileBytes: number): boolean {
    const content = files.readWhole(this.indexFile)
    if (content === undefined || content.length < INDEX_HEADER_BYTES) return false
    if (content.toString('latin1', 0, INDEX_MAGIC.length) !== INDEX_MAGIC) return false
    const crc = crc32c(content.subarray(INDEX_CHECKED_OFFSET))
    if (crc !== content.readUInt32BE(INDEX_MAGIC.length)) return false
    const places = readUint64(content, 40)
    if (content.length !== INDEX_HEADER_BYTES + places * 16) return false
    if (readUint64(content, 24) !== fileBytes) return false
    this.endSequence = readUint64(content, 16)
    this.bytes = fileBytes
    this.deferredBatches = readUint64(content, 32)
    for (let i = 0; i < places; i++) {
      this.#sequences.push(readUint64(content, INDEX_HEADER_BYTES + i * 16))
      this.#offsets.push(readUint64(content, INDEX_HEADER_BYTES + i * 16 + 8))
    }
    return true
  }

  /**
   * Fills the segment by walking its batches. With `checkFrames` every CRC is checked, without only where the headers do
   * not add up. What does not check is returned, and `bytes` then ends behind the last sound batch when the damage is the
   * file's tail.
   */
  scan(files: LogFiles, descriptor: number, checkFrames: boolean): readonly Damage[] {
    this.#sequences.length = 0
    this.#offsets.length = 0
    this.bytes = 0
    this.deferredBatches = 0
    const lowestSequence = this.firstSequence
    const scanner = new BatchScanner(files, descriptor, { checkFrames, lowestSequence })
    while (scanner.next()) {
      this.bytes = scanner.offset
      const { header } = scanner
      const bytes = scanner.endOfSound - scanner.offset
      this.addBatch(bytes, header.firstSequence, header.count, header.dueMs > 0)
    }
    const isBelieved = scanner.isUnbroken && isLastSound(files, descriptor, scanner.offset)
    if (!checkFrames && !isBelieved) return this.scan(files, descriptor, true)
    return scanner.damages
  }
}

/** No header follows the last batch to bear it out. */
function isLastSound(files: LogFiles, descriptor: number, offset: number): boolean {
  const scanner = new BatchScanner(files, descriptor, { checkFrames: true, fromByte: offset })
  return scanner.next() && scanner.damages.length === 0
}

export function segmentName(firstSequence: number): string {
  return segmentStem(firstSequence) + SEGMENT_SUFFIX
}

/** The first sequence number a file name stands for, or undefined where it names no segment. */
export function parseSegmentName(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number(match[1])
}

function segmentStem(firstSequence: number): string {
  return String(firstSequence).padStart(16, '0')
}
