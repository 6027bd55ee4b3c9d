const SMALLEST_BYTES = 1_024
/** A buffer larger than this is given back once its command is over. */
const KEPT_BYTES = 128 * 1024

/** The beginning of a command whose rest has not come yet. Grows with what really came, not with what was announced. */
export class HeldBytes {
  bytes: Buffer = Buffer.alloc(0)
  length = 0

  /** Keeps what `source` holds from `from` on. */
  keep(source: Buffer, from: number): void {
    this.length = 0
    this.#append(source, from, source.length)
  }

  /**
   * Appends from `source` until `wanted` bytes are held, or, where that is not known, all of it. Returns how many bytes
   * were taken.
   */
  fill(source: Buffer, wanted: number): number {
    const missing = wanted > this.length ? wanted - this.length : source.length
    const taken = Math.min(missing, source.length)
    this.#append(source, 0, taken)
    return taken
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    if (count === 0) return
    this.bytes.copyWithin(0, count, this.length)
    this.length -= count
    if (this.length === 0 && this.bytes.length > KEPT_BYTES) this.clear()
  }

  clear(): void {
    this.bytes = Buffer.alloc(0)
    this.length = 0
  }

  #append(source: Buffer, from: number, to: number): void {
    const needed = this.length + to - from
    if (needed > this.bytes.length) {
      let capacity = Math.max(SMALLEST_BYTES, this.bytes.length)
      while (capacity < needed) capacity *= 2
      const grown = Buffer.allocUnsafeSlow(capacity)
      this.bytes.copy(grown, 0, 0, this.length)
      this.bytes = grown
    }
    source.copy(this.bytes, this.length, from, to)
    this.length = needed
  }
}
