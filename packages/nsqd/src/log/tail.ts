// Hot: every published message is written here, once.

import {
  frameBytesAt,
  MESSAGE_BODY_OFFSET,
  MESSAGE_FRAME_HEADER_BYTES,
  readUint32,
  type TimestampNs,
  writeMessageHeader,
} from '@tsq/protocol'

import { BATCH_HEADER_BYTES } from './batch.ts'
import { type Chunk, CHUNK_BYTES, type ChunkOwner } from './chunk.ts'
import type { ChunkPool } from './chunk-pool.ts'
import { type IsNeeded, LeftBehind } from './left-behind.ts'

/** Bytes of an MPUB's size field, which a frame's header takes the place of. */
const MPUB_SIZE_BYTES = 4
const FRAME_GROWTH_BYTES = MESSAGE_FRAME_HEADER_BYTES - MPUB_SIZE_BYTES
/** A batch read back must fit a chunk with its header, so a tail chunk is filled a little less. */
const FILL_BYTES = CHUNK_BYTES - BATCH_HEADER_BYTES
/** Drained chunks that stay for redelivery before they are reused. */
const KEPT_CHUNKS = 2

/** Messages appended since the last commit that leave as one batch. */
export interface Run {
  chunk: Chunk
  start: number
  end: number
  firstSequence: number
  count: number
  /** Unix ms; 0 for an ordinary run. */
  dueMs: number
}

/**
 * The newest messages of a topic, as whole wire frames in chunks. What was appended since the last commit stands in
 * `runs`; until then it can be taken back.
 */
export class Tail implements ChunkOwner {
  /** Oldest first; neighbours in sequence. */
  readonly chunks: Chunk[] = []
  readonly runs: Run[] = []
  runCount = 0
  nextSequence: number
  /** Everything below is on disk (or needs none): its chunks may be given up. */
  savedSequence: number
  pendingBytes = 0
  /** Bytes held by chunks that are full or being filled. */
  heldBytes = 0
  readonly #pool: ChunkPool
  readonly #limitBytes: number
  readonly #isGivable: boolean
  /** For a topic without a disk. */
  readonly #leftBehind: LeftBehind | undefined

  /**
   * @param limitBytes what this tail may hold once it is on disk; the oldest chunks go first.
   * @param isGivable false for a topic without a disk, whose chunks only its own limits may drop.
   */
  constructor(pool: ChunkPool, nextSequence: number, limitBytes: number, isGivable: boolean) {
    this.#pool = pool
    this.nextSequence = nextSequence
    this.savedSequence = nextSequence
    this.#limitBytes = limitBytes
    this.#isGivable = isGivable
    this.#leftBehind = isGivable ? undefined : new LeftBehind()
  }

  /** Sequence number of the oldest message in memory. */
  get firstSequence(): number {
    return this.chunks.length === 0 ? this.nextSequence : this.chunks[0]!.firstSequence
  }

  /** Appends one message. The body is copied; `source` is borrowed for the call. */
  append(
    source: Buffer,
    start: number,
    end: number,
    timestamp: TimestampNs,
    prefix: number,
    dueMs: number,
  ): void {
    const bodyBytes = end - start
    const frameBytes = MESSAGE_FRAME_HEADER_BYTES + bodyBytes
    const chunk = this.#chunkWithRoom(frameBytes)
    const run = this.#runFor(chunk, dueMs)
    const at = chunk.length
    writeMessageHeader(chunk.bytes, at, bodyBytes, timestamp, prefix, this.nextSequence)
    source.copy(chunk.bytes, at + MESSAGE_BODY_OFFSET, start, end)
    if (dueMs > 0) chunk.pushDeferred(this.nextSequence, dueMs)
    chunk.push(frameBytes)
    this.#extend(run, chunk, 1)
  }

  /**
   * Appends the messages of an MPUB body that has been checked: `count` times size(int32) and body from `start` on.
   *
   * They are copied in one go, a little further on than they will lie, and then moved down one by one while their
   * headers are written: moving within a buffer costs a third of copying between two (bench/micro/copy.ts).
   */
  appendMany(
    source: Buffer,
    start: number,
    count: number,
    timestamp: TimestampNs,
    prefix: number,
  ): void {
    let from = start
    let left = count
    while (left > 0) {
      const chunk = this.#chunkWithRoom(MESSAGE_FRAME_HEADER_BYTES + readUint32(source, from))
      const room = Math.min(chunk.bytes.length, Math.max(FILL_BYTES, chunk.length)) - chunk.length
      let fit = 1
      let bytes = MPUB_SIZE_BYTES + readUint32(source, from)
      while (fit < left) {
        const more = MPUB_SIZE_BYTES + readUint32(source, from + bytes)
        if (bytes + more + (fit + 1) * FRAME_GROWTH_BYTES > room) break
        bytes += more
        fit += 1
      }
      this.#appendFitting(chunk, source, from, bytes, fit, timestamp, prefix)
      from += bytes
      left -= fit
    }
  }

  #appendFitting(
    chunk: Chunk,
    source: Buffer,
    from: number,
    bytes: number,
    count: number,
    timestamp: TimestampNs,
    prefix: number,
  ): void {
    const run = this.#runFor(chunk, 0)
    const target = chunk.bytes
    let write = chunk.length
    let read = write + count * FRAME_GROWTH_BYTES
    source.copy(target, read, from, from + bytes)
    let sequence = this.nextSequence
    for (let i = 0; i < count; i++) {
      const bodyBytes = readUint32(target, read)
      const body = read + MPUB_SIZE_BYTES
      const bodyEnd = body + bodyBytes
      const frameBytes = MESSAGE_FRAME_HEADER_BYTES + bodyBytes
      // The body first: the header may be written over the size field that it was read from.
      if (body !== write + MESSAGE_BODY_OFFSET) {
        target.copyWithin(write + MESSAGE_BODY_OFFSET, body, bodyEnd)
      }
      writeMessageHeader(target, write, bodyBytes, timestamp, prefix, sequence)
      chunk.push(frameBytes)
      write += frameBytes
      read = bodyEnd
      sequence += 1
    }
    this.#extend(run, chunk, count)
  }

  /** The chunk that holds a message, or undefined where it is older than the tail or not there yet. */
  chunkAt(sequence: number): Chunk | undefined {
    const { chunks } = this
    for (let i = chunks.length - 1; i >= 0; i--) {
      const chunk = chunks[i]!
      if (sequence >= chunk.firstSequence) {
        return chunk.has(sequence) ? chunk : this.#leftBehind?.find(sequence)
      }
    }
    return this.#leftBehind?.find(sequence)
  }

  /** The runs have been written: what they held can no longer be taken back. */
  saved(): void {
    this.savedSequence = this.nextSequence
    this.runCount = 0
    this.pendingBytes = 0
    while (this.heldBytes > this.#limitBytes && this.chunks.length > 1 && this.#isGivable) {
      this.dropOldest()
    }
  }

  /** Takes back everything appended since `saved`. */
  takeBack(): void {
    for (let i = this.runCount - 1; i >= 0; i--) {
      const run = this.runs[i]!
      run.chunk.cutBack(run.firstSequence, run.start)
    }
    if (this.runCount > 0) this.nextSequence = this.runs[0]!.firstSequence
    while (this.chunks.length > 0 && this.chunks[this.chunks.length - 1]!.count === 0) {
      this.#letGo(this.chunks.pop()!)
    }
    this.runCount = 0
    this.pendingBytes = 0
  }

  /** Lets go of chunks that every reader is past, but for a few: the pool hands them out again while still warm. */
  dropDrained(sequence: number): void {
    const safe = Math.min(sequence, this.savedSequence)
    while (this.chunks.length > KEPT_CHUNKS && this.chunks[0]!.endSequence <= safe) {
      this.dropOldest()
    }
  }

  /** Lets go of the oldest chunks that end at or below `sequence`. */
  dropBelow(sequence: number): void {
    while (this.chunks.length > 0 && this.chunks[0]!.endSequence <= sequence) this.dropOldest()
  }

  /** Lets go of the chunks that end at or below `sequence` and that `isNeeded` does not speak for. */
  dropUnneeded(sequence: number, isNeeded: IsNeeded): void {
    const { chunks } = this
    let kept = 0
    let old = 0
    for (const chunk of chunks) {
      const { firstSequence, endSequence } = chunk
      const isOld = endSequence <= sequence
      if (isOld && !isNeeded(firstSequence, endSequence)) {
        this.#letGo(chunk)
        continue
      }
      if (isOld) old += 1
      chunks[kept++] = chunk
    }
    chunks.length = kept
    if (this.#leftBehind === undefined) return
    const given = this.#leftBehind.takeFrom(chunks.slice(0, old), isNeeded)
    if (given.length === 0) return
    const gone = new Set(given)
    for (const chunk of given) this.#letGo(chunk)
    chunks.splice(0, old, ...chunks.slice(0, old).filter((chunk) => !gone.has(chunk)))
  }

  dropOldest(): void {
    const chunk = this.chunks.shift()
    if (chunk !== undefined) this.#letGo(chunk)
  }

  giveUp(chunk: Chunk): boolean {
    if (!this.#isGivable || chunk !== this.chunks[0]) return false
    if (chunk.endSequence > this.savedSequence || this.pendingBytes > 0) return false
    this.dropOldest()
    return true
  }

  /** Continues at another sequence number; nothing may be pending. */
  jumpTo(sequence: number): void {
    while (this.chunks.length > 0) this.dropOldest()
    this.#leftBehind?.clear()
    this.nextSequence = sequence
    this.savedSequence = sequence
  }

  #letGo(chunk: Chunk): void {
    this.heldBytes -= chunk.bytes.length
    this.#pool.giveBack(chunk)
  }

  #chunkWithRoom(frameBytes: number): Chunk {
    const last = this.chunks[this.chunks.length - 1]
    if (last !== undefined && last.length + frameBytes <= FILL_BYTES) return last
    const wanted = frameBytes <= FILL_BYTES ? CHUNK_BYTES : frameBytes
    const chunk = this.#pool.acquire(wanted, this.nextSequence, this)
    this.heldBytes += chunk.bytes.length
    this.chunks.push(chunk)
    return chunk
  }

  #runFor(chunk: Chunk, dueMs: number): Run {
    const last = this.runCount === 0 ? undefined : this.runs[this.runCount - 1]!
    if (last !== undefined && last.chunk === chunk && last.dueMs === 0 && dueMs === 0) return last
    let run = this.runs[this.runCount]
    if (run === undefined) {
      run = { chunk, start: 0, end: 0, firstSequence: 0, count: 0, dueMs: 0 }
      this.runs.push(run)
    }
    run.chunk = chunk
    run.start = chunk.length
    run.end = chunk.length
    run.firstSequence = this.nextSequence
    run.count = 0
    run.dueMs = dueMs
    this.runCount += 1
    return run
  }

  #extend(run: Run, chunk: Chunk, count: number): void {
    this.pendingBytes += chunk.length - run.end
    run.end = chunk.length
    run.count += count
    this.nextSequence += count
  }
}

/** Bytes of `count` frames from `offset` on. */
export function framesBytes(bytes: Uint8Array, offset: number, count: number): number {
  let at = offset
  for (let i = 0; i < count; i++) at += frameBytesAt(bytes, at)
  return at - offset
}
