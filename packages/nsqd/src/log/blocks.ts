import { frameBytesAt } from '@tsq/protocol'

import { BATCH_HEADER_BYTES, emptyBatchHeader, isBatchSound, readBatchHeader } from './batch.ts'
import { type Chunk, CHUNK_BYTES, type ChunkOwner } from './chunk.ts'
import type { ChunkPool } from './chunk-pool.ts'
import type { Holes } from './holes.ts'
import type { OpenFiles } from './open-files.ts'
import { BatchScanner } from './scan.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

/** Blocks a log keeps, for channels that read at different places and for redelivery. */
const MAX_BLOCKS = 8
const MAX_LOADS = 2

export interface BlockEvents {
  /** Something that was asked for can now be had, or has turned out to be lost. */
  onLoaded(): void
  /** Bytes of a segment do not check; the messages `from`…`to` (exclusive) are lost. */
  onDamage(segment: Segment, fromByte: number, toByte: number, from: number, to: number): void
  onReadError(segment: Segment, error: Error): void
}

/**
 * Reads messages back from segments, a large block at a time, into chunks of the same shape as the tail's: batch headers
 * are dropped, their CRCs checked once. Reading never holds up the event loop.
 */
export class Blocks implements ChunkOwner {
  readonly #segments: Segments
  readonly #open: OpenFiles
  readonly #pool: ChunkPool
  readonly #holes: Holes
  readonly #events: BlockEvents
  readonly #header = emptyBatchHeader()
  /** Most recently used last. */
  readonly #blocks: Chunk[] = []
  readonly #loading = new Set<number>()
  /** Where the last block ended, so that the next one begins there without a search. */
  #nextSequence = -1
  #nextOffset = 0
  #nextSegment: Segment | undefined
  #isClosed = false

  constructor(
    segments: Segments,
    open: OpenFiles,
    pool: ChunkPool,
    holes: Holes,
    events: BlockEvents,
  ) {
    this.#segments = segments
    this.#open = open
    this.#pool = pool
    this.#holes = holes
    this.#events = events
  }

  /** The block that holds a message, if it has been read. */
  chunkAt(sequence: number): Chunk | undefined {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i]!
      if (!block.has(sequence)) continue
      if (i !== this.#blocks.length - 1) {
        this.#blocks.splice(i, 1)
        this.#blocks.push(block)
      }
      return block
    }
    return undefined
  }

  /** Starts reading the block that holds a message, unless that is under way. `onLoaded` tells when it is there. */
  request(sequence: number): void {
    if (this.#isClosed || this.#loading.has(sequence) || this.#loading.size >= MAX_LOADS) return
    const segment = this.#segments.find(sequence)
    if (segment === undefined) {
      this.#lose(sequence)
      return
    }
    // The next message may be in the next segment: what was written to then may have been sealed since.
    const isNext = sequence === this.#nextSequence && segment === this.#nextSegment
    const offset = isNext ? this.#nextOffset : segment.offsetBefore(sequence)
    this.#loading.add(sequence)
    this.#read(segment, sequence, offset, CHUNK_BYTES)
  }

  /**
   * Reads the block after the one that ends at `sequence`, if it is on disk, so that it is there when wanted. Not where
   * somebody would have to give up a chunk for it: that is read again before long, and so on (a hundredfold, measured).
   */
  prefetch(sequence: number): void {
    if (!this.#pool.hasRoom()) return
    const isThere = this.chunkAt(sequence) !== undefined
    if (!isThere && this.#segments.find(sequence) !== undefined) this.request(sequence)
  }

  giveUp(chunk: Chunk): boolean {
    const at = this.#blocks.indexOf(chunk)
    if (at === -1) return false
    this.#blocks.splice(at, 1)
    this.#pool.giveBack(chunk)
    return true
  }

  close(): void {
    this.#isClosed = true
    for (const block of this.#blocks.splice(0)) this.#pool.giveBack(block)
  }

  /** No segment has this message: it is in a gap between two, or was deleted. */
  #lose(sequence: number): void {
    const next = this.#segments.list.find((segment) => segment.firstSequence > sequence)
    this.#holes.add(sequence, next?.firstSequence ?? sequence + 1)
    this.#events.onLoaded()
  }

  #read(segment: Segment, sequence: number, offset: number, bytes: number): void {
    const wanted = Math.min(bytes, segment.bytes - offset)
    const chunk = this.#pool.acquire(wanted, sequence, this)
    const fail = (error: Error): void => {
      this.#pool.giveBack(chunk)
      this.#loading.delete(sequence)
      if (!this.#isClosed) this.#events.onReadError(segment, error)
    }
    let file: ReturnType<OpenFiles['use']>
    try {
      file = this.#open.use(segment.file, this.#segments.isActive(segment) ? 'append' : 'read')
    } catch (error) {
      setImmediate(fail, error as Error)
      return
    }
    this.#open.pin(file)
    this.#open.files.readLater(file.descriptor, chunk.bytes, wanted, offset, (error, read) => {
      this.#open.unpin(file)
      if (error !== null) fail(error)
      else if (this.#isClosed) this.#pool.giveBack(chunk)
      else this.#digest(segment, sequence, offset, chunk, read)
    })
  }

  /** Turns what was read into a chunk of frames from `sequence` on; reads on where that lies further back. */
  #digest(
    segment: Segment,
    sequence: number,
    offset: number,
    chunk: Chunk,
    bytesRead: number,
  ): void {
    const { bytes } = chunk
    const header = this.#header
    let at = 0
    let needed = 0
    let isDamaged = false
    while (at + BATCH_HEADER_BYTES <= bytesRead) {
      if (!readBatchHeader(bytes, at, header)) {
        isDamaged = true
        break
      }
      const end = at + BATCH_HEADER_BYTES + header.framesBytes
      if (end > bytesRead) {
        if (offset + end > segment.bytes) isDamaged = true
        needed = end - at
        break
      }
      const isBefore = header.firstSequence + header.count <= sequence
      if (!isBefore) {
        // Batches of a segment are neighbours, so a gap means that one before has a wrong header.
        const isNeighbour =
          chunk.count === 0
            ? header.firstSequence <= sequence
            : header.firstSequence === chunk.endSequence
        if (!isNeighbour || !isBatchSound(bytes, at, header)) {
          isDamaged = true
          break
        }
        if (chunk.count === 0) chunk.reset(header.firstSequence)
        takeFrames(chunk, at + BATCH_HEADER_BYTES, end, header.dueMs)
      }
      at = end
    }
    if (chunk.count > 0) {
      this.#finish(segment, sequence, chunk, offset + at)
      return
    }
    this.#pool.giveBack(chunk)
    const isOver = segment.bytes - offset - at < BATCH_HEADER_BYTES
    if (isDamaged || isOver || bytesRead === 0) this.#skipDamage(segment, sequence)
    else this.#read(segment, sequence, offset + at, Math.max(needed, CHUNK_BYTES))
  }

  #finish(segment: Segment, sequence: number, chunk: Chunk, nextOffset: number): void {
    this.#nextSequence = chunk.endSequence
    this.#nextOffset = nextOffset
    this.#nextSegment = segment
    this.#loading.delete(sequence)
    this.#blocks.push(chunk)
    if (this.#blocks.length > MAX_BLOCKS) this.giveUp(this.#blocks[0]!)
    this.#events.onLoaded()
  }

  /**
   * Looks for the next sound batch behind damaged bytes and counts what is missing before it as lost. It looks from the
   * last place that is known to be one: headers hopped over on the way here may have led astray.
   */
  #skipDamage(segment: Segment, sequence: number): void {
    this.#loading.delete(sequence)
    let found = segment.endSequence
    let fromByte = segment.offsetBefore(sequence)
    let toByte = segment.bytes
    let isSpared = false
    try {
      const file = this.#open.use(
        segment.file,
        this.#segments.isActive(segment) ? 'append' : 'read',
      )
      const scanner = new BatchScanner(this.#open.files, file.descriptor, {
        checkFrames: true,
        fromByte,
        fileBytes: segment.bytes,
        lowestSequence: segment.firstSequence,
      })
      while (scanner.next()) {
        if (scanner.header.firstSequence + scanner.header.count <= sequence) continue
        found = Math.max(scanner.header.firstSequence, sequence)
        isSpared = scanner.header.firstSequence <= sequence
        toByte = scanner.offset
        break
      }
      fromByte = scanner.damages.at(-1)?.fromByte ?? fromByte
    } catch (error) {
      this.#events.onReadError(segment, error as Error)
      return
    }
    if (isSpared) {
      // The damage ended before the message that is wanted.
      this.#loading.add(sequence)
      this.#read(segment, sequence, toByte, CHUNK_BYTES)
      return
    }
    this.#holes.add(sequence, found)
    this.#events.onDamage(segment, fromByte, toByte, sequence, found)
    this.#events.onLoaded()
  }
}

/** Moves a batch's frames down to the end of what the chunk holds already. */
function takeFrames(chunk: Chunk, start: number, end: number, dueMs: number): void {
  const { bytes } = chunk
  const target = chunk.length
  if (target !== start) bytes.copyWithin(target, start, end)
  const targetEnd = target + end - start
  while (chunk.length < targetEnd) {
    if (dueMs > 0) chunk.pushDeferred(chunk.endSequence, dueMs)
    chunk.push(frameBytesAt(bytes, chunk.length))
  }
}
