import { frameBytesAt } from '@tsq/protocol'

import { Chunk } from './chunk.ts'

/** Below so many old chunks it is not worth a look which of their messages are needed. */
const FEW_CHUNKS = 8
const FEW_MESSAGES = 64
/** A chunk is given up when copies of what is needed of it take less than this part. */
const SPARSE_PART = 4
/** What a copy takes in memory beside its bytes, as measured with Node 20. */
const COPY_OVERHEAD_BYTES = 700

/** Whether somebody still has an unsettled message in the range, end exclusive. */
export type IsNeeded = (from: number, to: number) => boolean

/**
 * Messages of a topic without a disk that are needed long after their neighbours: deferred ones, and those that a consumer
 * sits on. They are copied out one by one, so that each does not keep a whole chunk. Looks cost time, so there is one only
 * when what it would look at has doubled.
 */
export class LeftBehind {
  readonly #messages = new Map<number, Chunk>()
  #lookAtChunks = FEW_CHUNKS
  #lookAtMessages = FEW_MESSAGES

  find(sequence: number): Chunk | undefined {
    return this.#messages.get(sequence)
  }

  /** Of chunks that are kept for single messages, gives those back that may go, their messages being here now. */
  takeFrom(chunks: readonly Chunk[], isNeeded: IsNeeded): Chunk[] {
    this.#prune(isNeeded)
    if (chunks.length < this.#lookAtChunks) return []
    const given = chunks.filter((chunk) => this.#take(chunk, isNeeded))
    this.#lookAtChunks = Math.max(FEW_CHUNKS, 2 * (chunks.length - given.length))
    return given
  }

  clear(): void {
    this.#messages.clear()
  }

  #take(chunk: Chunk, isNeeded: IsNeeded): boolean {
    const copies: Chunk[] = []
    let left = chunk.bytes.length / SPARSE_PART
    let at = 0
    for (let sequence = chunk.firstSequence; sequence < chunk.endSequence; sequence++) {
      const bytes = frameBytesAt(chunk.bytes, at)
      if (isNeeded(sequence, sequence + 1)) {
        left -= bytes + COPY_OVERHEAD_BYTES
        if (left < 0) return false
        copies.push(copyOf(chunk.bytes.subarray(at, at + bytes), sequence))
      }
      at += bytes
    }
    for (const copy of copies) this.#messages.set(copy.firstSequence, copy)
    return true
  }

  #prune(isNeeded: IsNeeded): void {
    if (this.#messages.size < this.#lookAtMessages) return
    for (const sequence of this.#messages.keys()) {
      if (!isNeeded(sequence, sequence + 1)) this.#messages.delete(sequence)
    }
    this.#lookAtMessages = Math.max(FEW_MESSAGES, 2 * this.#messages.size)
  }
}

function copyOf(frame: Uint8Array, sequence: number): Chunk {
  const chunk = new Chunk(Buffer.from(frame), () => undefined)
  chunk.reset(sequence)
  chunk.push(frame.length)
  return chunk
}
