import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  type BatchHeader,
  emptyBatchHeader,
  isBatchSound,
  readBatchHeader,
} from './batch.ts'
import type { LogFiles } from './files.ts'

const HEADER_WINDOW_BYTES = 64 * 1024
const FRAME_WINDOW_BYTES = 1024 * 1024
const MAGIC_BYTES = Buffer.alloc(4)
MAGIC_BYTES.writeUInt32BE(BATCH_MAGIC)

/** A stretch of a segment that holds no readable batch. */
export interface Damage {
  /** Byte range in the file, end exclusive. */
  readonly fromByte: number
  readonly toByte: number
  /** Nothing readable follows: a torn tail rather than a wound in the middle. */
  readonly isTail: boolean
}

export interface ScanOptions {
  readonly checkFrames: boolean
  readonly fromByte?: number
  readonly fileBytes?: number
  /** Nothing below belongs in the file: its name, with `checkFrames`. */
  readonly lowestSequence?: number
}

/**
 * Walks the batches of a segment file from front to back, without holding the file in memory. Stretches that do not
 * check are stepped over and told in `damages`: what follows them is still found.
 *
 * With `checkFrames` each batch's CRC is checked; without, only headers are read and hopped along, which costs a few
 * bytes a batch.
 */
export class BatchScanner {
  readonly header: BatchHeader = emptyBatchHeader()
  /** Where the batch that `next` found begins. */
  offset = 0
  readonly damages: Damage[] = []
  /** Whether each batch so far followed on the one before: only then may headers be believed without their CRCs. */
  isUnbroken = true
  readonly #files: LogFiles
  readonly #descriptor: number
  readonly #fileBytes: number
  readonly #checkFrames: boolean
  readonly #lowestSequence: number
  #next: number
  /** Sequence number after the batch found last; -1 before the first. */
  #endSequence = -1
  #window: Buffer
  #windowStart = 0
  #windowLength = 0

  constructor(files: LogFiles, descriptor: number, options: ScanOptions) {
    this.#files = files
    this.#descriptor = descriptor
    this.#fileBytes = options.fileBytes ?? files.size(descriptor)
    this.#checkFrames = options.checkFrames
    this.#next = options.fromByte ?? 0
    this.#lowestSequence = options.lowestSequence ?? 0
    const wanted = options.checkFrames ? FRAME_WINDOW_BYTES : HEADER_WINDOW_BYTES
    this.#window = Buffer.allocUnsafe(Math.max(Math.min(wanted, this.#fileBytes - this.#next), 64))
  }

  /** End of the last batch found: what lies behind it did not check. */
  get endOfSound(): number {
    return this.#next
  }

  /** Bytes of a batch's frames that `next` just found; borrowed until the next call. Only with `checkFrames`. */
  frames(): Buffer {
    const start = this.offset + BATCH_HEADER_BYTES - this.#windowStart
    return this.#window.subarray(start, start + this.header.framesBytes)
  }

  next(): boolean {
    if (this.#next >= this.#fileBytes) return false
    if (this.#isBatchAt(this.#next, this.#checkFrames)) return this.#found(this.#next)
    const from = this.#next
    const at = this.#search(from + 1)
    this.isUnbroken = false
    this.damages.push({
      fromByte: from,
      toByte: at === -1 ? this.#fileBytes : at,
      isTail: at === -1,
    })
    return at === -1 ? false : this.#found(at)
  }

  get #lowest(): number {
    return Math.max(this.#lowestSequence, this.#endSequence)
  }

  #found(offset: number): boolean {
    const { firstSequence, count, framesBytes } = this.header
    if (this.#endSequence !== -1 && firstSequence !== this.#endSequence) this.isUnbroken = false
    this.#endSequence = firstSequence + count
    this.offset = offset
    this.#next = offset + BATCH_HEADER_BYTES + framesBytes
    return true
  }

  #isBatchAt(offset: number, checkFrames: boolean): boolean {
    if (offset + BATCH_HEADER_BYTES > this.#fileBytes) return false
    const at = this.#load(offset, BATCH_HEADER_BYTES)
    if (at === -1 || !readBatchHeader(this.#window, at, this.header)) return false
    const bytes = BATCH_HEADER_BYTES + this.header.framesBytes
    if (offset + bytes > this.#fileBytes) return false
    if (!checkFrames) return true
    // Sequence numbers only rise: what does not is a copy of the log in a message's body.
    if (this.#checkFrames && this.header.firstSequence < this.#lowest) return false
    const whole = this.#load(offset, bytes)
    return whole !== -1 && isBatchSound(this.#window, whole, this.header)
  }

  /** The next place from `from` on where a batch stands whose CRC is right, or -1. */
  #search(from: number): number {
    let at = from
    while (at + BATCH_HEADER_BYTES <= this.#fileBytes) {
      const inWindow = this.#load(at, BATCH_HEADER_BYTES)
      if (inWindow === -1) return -1
      const hit = this.#window.subarray(0, this.#windowLength).indexOf(MAGIC_BYTES, inWindow)
      if (hit === -1) {
        at = Math.max(at + 1, this.#windowStart + this.#windowLength - MAGIC_BYTES.length + 1)
        continue
      }
      at = this.#windowStart + hit
      if (this.#isBatchAt(at, true)) return at
      at += 1
    }
    return -1
  }

  /** Brings `bytes` from `offset` on into the window; returns where they stand there, or -1 where the file lacks them. */
  #load(offset: number, bytes: number): number {
    const isInside =
      offset >= this.#windowStart && offset + bytes <= this.#windowStart + this.#windowLength
    if (isInside) return offset - this.#windowStart
    if (bytes > this.#window.length) this.#window = Buffer.allocUnsafe(bytes)
    const wanted = Math.min(this.#window.length, this.#fileBytes - offset)
    let length = 0
    while (length < wanted) {
      const read = this.#files.read(
        this.#descriptor,
        this.#window.subarray(length),
        wanted - length,
        offset + length,
      )
      if (read === 0) break
      length += read
    }
    this.#windowStart = offset
    this.#windowLength = length
    return length >= bytes ? 0 : -1
  }
}

/** Headers of the deferred batches in a stretch of a segment, read without the frames unless something is wrong there. */
export function deferredBatches(
  files: LogFiles,
  descriptor: number,
  range: Omit<ScanOptions, 'checkFrames'>,
  checkFrames = false,
): BatchHeader[] {
  const found: BatchHeader[] = []
  const scanner = new BatchScanner(files, descriptor, { checkFrames, ...range })
  while (scanner.next()) if (scanner.header.dueMs > 0) found.push({ ...scanner.header })
  const isBelieved = checkFrames || scanner.isUnbroken
  return isBelieved ? found : deferredBatches(files, descriptor, range, true)
}
