/**
 * Sequence numbers that no readable message bears: skipped over at an unclean start, lost to damage, or dropped by an
 * operator. Kept as ascending ranges; there are rarely any.
 */
export class Holes {
  readonly #from: number[] = []
  readonly #to: number[] = []

  /** Adds the range, end exclusive. */
  add(from: number, to: number): void {
    if (to <= from) return
    let start = from
    let end = to
    let at = 0
    while (at < this.#from.length && this.#to[at]! < start) at += 1
    let merged = 0
    while (at + merged < this.#from.length && this.#from[at + merged]! <= end) {
      start = Math.min(start, this.#from[at + merged]!)
      end = Math.max(end, this.#to[at + merged]!)
      merged += 1
    }
    this.#from.splice(at, merged, start)
    this.#to.splice(at, merged, end)
  }

  /** The first sequence number at or after `sequence` that is in no hole. */
  skip(sequence: number): number {
    for (let i = 0; i < this.#from.length; i++) {
      if (sequence < this.#from[i]!) return sequence
      if (sequence < this.#to[i]!) return this.#to[i]!
    }
    return sequence
  }

  /** Where the next hole at or after `sequence` begins, or Infinity. */
  nextFrom(sequence: number): number {
    for (let i = 0; i < this.#from.length; i++) {
      if (this.#to[i]! > sequence) return Math.max(this.#from[i]!, sequence)
    }
    return Infinity
  }

  /** How many sequence numbers of the range are in holes. */
  countIn(from: number, to: number): number {
    if (this.#from.length === 0) return 0
    let count = 0
    for (let i = 0; i < this.#from.length; i++) {
      count += Math.max(0, Math.min(to, this.#to[i]!) - Math.max(from, this.#from[i]!))
    }
    return count
  }

  /** Forgets what lies wholly below `sequence`. */
  dropBelow(sequence: number): void {
    let count = 0
    while (count < this.#to.length && this.#to[count]! <= sequence) count += 1
    if (count === 0) return
    this.#from.splice(0, count)
    this.#to.splice(0, count)
  }

  ranges(): [number, number][] {
    return this.#from.map((from, i) => [from, this.#to[i]!])
  }
}
