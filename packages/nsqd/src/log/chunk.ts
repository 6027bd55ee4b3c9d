// Hot: deliveries walk a chunk's frames, publishes fill it.

import { frameBytesAt, MESSAGE_FRAME_HEADER_BYTES } from '@tsq/protocol'

/** Bytes of a pooled chunk. Also the most that one read of a lagging channel asks of the disk. */
export const CHUNK_BYTES = 256 * 1024

/** How many messages lie between two marks, the shortcuts by which a message is found in its chunk. */
const MARK_EVERY = 64
const SMALLEST_FRAME_BYTES = MESSAGE_FRAME_HEADER_BYTES + 1

/** Who holds a chunk and may be asked to give it up for another's use. */
export interface ChunkOwner {
  /** Lets go of the chunk if it can (all its bytes are on disk). Returns whether it did. */
  giveUp(chunk: Chunk): boolean
}

/** Whose bytes a slice borrows: `release` says that they are no longer read. */
export interface Lender {
  release(): void
}

/**
 * A run of whole message frames, neighbours in sequence, in one buffer. The tail of a log is made of chunks, and so is
 * what a lagging channel reads back from disk: delivery has one code path.
 *
 * A chunk is recycled when its owner let it go and no socket borrows a slice of it. `generation` then changes, by which
 * who remembered a place in it notices.
 */
export class Chunk implements Lender {
  readonly bytes: Buffer
  firstSequence = 0
  /** Sequence number after the last message. */
  endSequence = 0
  /** Bytes filled. */
  length = 0
  generation = 0
  owner: ChunkOwner | undefined
  /** Sequence numbers of deferred messages in here, ascending, and when each is due (Unix ms). */
  readonly deferredSequences: number[] = []
  readonly deferredDueMs: number[] = []
  #borrows = 0
  #marks: Uint32Array
  readonly #recycle: (chunk: Chunk) => void

  constructor(bytes: Buffer, recycle: (chunk: Chunk) => void) {
    this.bytes = bytes
    this.#marks = new Uint32Array(Math.ceil(bytes.length / SMALLEST_FRAME_BYTES / MARK_EVERY) + 1)
    this.#recycle = recycle
  }

  get room(): number {
    return this.bytes.length - this.length
  }

  get count(): number {
    return this.endSequence - this.firstSequence
  }

  isBorrowed(): boolean {
    return this.#borrows > 0
  }

  borrow(): void {
    this.#borrows += 1
  }

  release(): void {
    this.#borrows -= 1
    if (this.#borrows === 0 && this.owner === undefined) this.#recycle(this)
  }

  /** Makes the chunk empty, its first message to be `sequence`. */
  reset(sequence: number): void {
    this.firstSequence = sequence
    this.endSequence = sequence
    this.length = 0
    this.generation += 1
    this.deferredSequences.length = 0
    this.deferredDueMs.length = 0
  }

  /** Takes note of one more frame, written by the caller at `length`. */
  push(frameBytes: number): void {
    const index = this.endSequence - this.firstSequence
    if (index % MARK_EVERY === 0) this.#marks[index / MARK_EVERY] = this.length
    this.length += frameBytes
    this.endSequence += 1
  }

  /** Forgets the frames from `sequence` on, which stands at `offset`. */
  cutBack(sequence: number, offset: number): void {
    this.endSequence = sequence
    this.length = offset
    const deferred = this.deferredSequences
    while (deferred.length > 0 && deferred[deferred.length - 1]! >= sequence) {
      deferred.pop()
      this.deferredDueMs.pop()
    }
  }

  pushDeferred(sequence: number, dueMs: number): void {
    this.deferredSequences.push(sequence)
    this.deferredDueMs.push(dueMs)
  }

  has(sequence: number): boolean {
    return sequence >= this.firstSequence && sequence < this.endSequence
  }

  /** Where the frame of a message stands that the chunk holds. */
  offsetOf(sequence: number): number {
    const index = sequence - this.firstSequence
    const mark = (index / MARK_EVERY) | 0
    return skipFrames(this.bytes, this.#marks[mark]!, index - mark * MARK_EVERY)
  }

  /** The first deferred message at or after `sequence`, or the end of the chunk. */
  nextDeferred(sequence: number): number {
    const deferred = this.deferredSequences
    if (deferred.length === 0 || deferred[deferred.length - 1]! < sequence) return this.endSequence
    let low = 0
    let high = deferred.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (deferred[middle]! < sequence) low = middle + 1
      else high = middle
    }
    return deferred[low]!
  }
}

function skipFrames(bytes: Buffer, offset: number, count: number): number {
  let at = offset
  for (let i = 0; i < count; i++) at += frameBytesAt(bytes, at)
  return at
}
