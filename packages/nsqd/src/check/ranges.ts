/** Ascending ranges of sequence numbers, ends exclusive. */
export class Ranges {
  readonly #from: number[] = []
  readonly #to: number[] = []
  count = 0

  /** Ranges must come in order and not overlap. */
  add(from: number, to: number): void {
    if (to <= from) return
    this.count += to - from
    if (this.#to.at(-1) === from) {
      this.#to[this.#to.length - 1] = to
      return
    }
    this.#from.push(from)
    this.#to.push(to)
  }

  has(sequence: number): boolean {
    const at = this.#before(sequence)
    return at >= 0 && sequence < this.#to[at]!
  }

  /** How many sequence numbers at or after `from` there are. */
  countFrom(from: number): number {
    let count = 0
    for (let i = Math.max(0, this.#before(from)); i < this.#from.length; i++) {
      count += Math.max(0, this.#to[i]! - Math.max(from, this.#from[i]!))
    }
    return count
  }

  /** Index of the last range that begins at or before `sequence`, or -1. */
  #before(sequence: number): number {
    let low = 0
    let high = this.#from.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#from[middle]! <= sequence) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
