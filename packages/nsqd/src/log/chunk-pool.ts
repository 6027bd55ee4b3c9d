import { Chunk, CHUNK_BYTES, type ChunkOwner } from './chunk.ts'

/** How many owners one request may ask to give up a chunk before it goes over the budget. */
const MAX_EVICTION_TRIES = 64

/**
 * All chunks of the process. Reused, since the first touch of fresh memory is the dearest thing a publish can do
 * (docs/adr/0001-the-log.md). Past its budget the pool asks the owners of the oldest chunks to give them up.
 */
export class ChunkPool {
  readonly #budgetBytes: number
  readonly #free: Chunk[] = []
  /** Chunks in somebody's hands, oldest first. */
  readonly #live = new Set<Chunk>()
  #allocatedBytes = 0

  /** @param budgetBytes what all tails and read-back blocks together may hold. */
  constructor(budgetBytes: number) {
    this.#budgetBytes = Math.max(budgetBytes, 4 * CHUNK_BYTES)
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** Whether a chunk can be had without asking anybody to give one up. */
  hasRoom(): boolean {
    return this.#free.length > 0 || this.#allocatedBytes + CHUNK_BYTES <= this.#budgetBytes
  }

  /**
   * An empty chunk with at least `bytes` of room, whose first message will be `firstSequence`. It goes over the budget
   * rather than fail: what is being published right now cannot be evicted, and is bounded by the commands in hand.
   */
  acquire(bytes: number, firstSequence: number, owner: ChunkOwner): Chunk {
    const chunk = this.#find(bytes)
    chunk.owner = owner
    chunk.reset(firstSequence)
    this.#live.add(chunk)
    return chunk
  }

  /** Takes a chunk back from its owner; it is reused once no socket borrows from it. */
  giveBack(chunk: Chunk): void {
    if (chunk.owner === undefined) return
    chunk.owner = undefined
    this.#live.delete(chunk)
    if (chunk.isBorrowed()) chunk.generation += 1
    else this.#recycle(chunk)
  }

  #find(bytes: number): Chunk {
    const size = Math.max(bytes, CHUNK_BYTES)
    if (size === CHUNK_BYTES) {
      const free = this.#free.pop()
      if (free !== undefined) return free
    }
    this.#spendFree(size)
    let tries = 0
    for (const chunk of this.#live) {
      if (this.#allocatedBytes + size <= this.#budgetBytes || tries++ >= MAX_EVICTION_TRIES) break
      if (chunk.owner?.giveUp(chunk) !== true) {
        // Who cannot give it up goes to the end, so that the next request asks others.
        this.#live.delete(chunk)
        this.#live.add(chunk)
        continue
      }
      if (size === CHUNK_BYTES && this.#free.length > 0) return this.#free.pop()!
      this.#spendFree(size)
    }
    this.#allocatedBytes += size
    return new Chunk(Buffer.allocUnsafeSlow(size), (chunk) => this.#recycle(chunk))
  }

  /** Free chunks of the usual size make room for a larger one before anybody is asked to give up theirs. */
  #spendFree(size: number): void {
    while (this.#free.length > 0 && this.#allocatedBytes + size > this.#budgetBytes) {
      this.#free.pop()
      this.#allocatedBytes -= CHUNK_BYTES
    }
  }

  #recycle(chunk: Chunk): void {
    chunk.generation += 1
    const isStandard = chunk.bytes.length === CHUNK_BYTES
    if (isStandard && this.#allocatedBytes <= this.#budgetBytes) this.#free.push(chunk)
    else this.#allocatedBytes -= chunk.bytes.length
  }
}
