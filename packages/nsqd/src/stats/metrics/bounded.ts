/** The label of what has no series of its own. No topic or channel can have such a name. */
export const OTHER = '(other)'

/** What was read of one topic or channel, or of several together. */
export interface Reading<T> {
  readonly labels: readonly string[]
  /** Undefined for several together. */
  readonly item: T | undefined
  readonly gauges: readonly number[]
  readonly counters: readonly number[]
}

/** How to read one. */
export interface Reader<T> {
  labels(item: T): readonly string[]
  gauges(item: T): readonly number[]
  counters(item: T): readonly number[]
}

/**
 * Keeps the number of series bounded: the first so many topics or channels have figures of their own, those of the
 * others are summed. Who got which it keeps, and the sums' counters only rise: they take in what each of the others
 * counted since they were last read, and keep it when it is deleted.
 */
export class BoundedReadings<T extends object> {
  readonly #limit: number
  readonly #reader: Reader<T>
  readonly #isOwn = new WeakMap<T, boolean>()
  readonly #lastCounters = new WeakMap<T, readonly number[]>()
  #otherCounters: number[] = []

  constructor(limit: number, reader: Reader<T>) {
    this.#limit = limit
    this.#reader = reader
  }

  read(items: readonly T[]): Reading<T>[] {
    const readings: Reading<T>[] = []
    const others: T[] = []
    let left = this.#limit
    for (const item of items) if (this.#isOwn.get(item) === true) left -= 1
    for (const item of items) {
      let isOwn = this.#isOwn.get(item)
      if (isOwn === undefined) {
        isOwn = left > 0
        if (isOwn) left -= 1
        this.#isOwn.set(item, isOwn)
      }
      if (isOwn) readings.push(this.#readOne(item))
      else others.push(item)
    }
    const together = this.#readTogether(others)
    if (together !== undefined) readings.push(together)
    return readings
  }

  #readOne(item: T): Reading<T> {
    const reader = this.#reader
    return {
      labels: reader.labels(item),
      item,
      gauges: reader.gauges(item),
      counters: reader.counters(item),
    }
  }

  #readTogether(others: readonly T[]): Reading<T> | undefined {
    let names: readonly string[] = []
    let sums: number[] = []
    for (const item of others) {
      const { labels, gauges, counters } = this.#readOne(item)
      const last = this.#lastCounters.get(item)
      this.#lastCounters.set(item, counters)
      names = labels
      sums = gauges.map((value, i) => (sums[i] ?? 0) + value)
      this.#otherCounters = counters.map(
        (value, i) => (this.#otherCounters[i] ?? 0) + value - (last?.[i] ?? 0),
      )
    }
    if (others.length === 0) return undefined
    const labels = names.map(() => OTHER)
    return { labels, item: undefined, gauges: sums, counters: this.#otherCounters }
  }
}
