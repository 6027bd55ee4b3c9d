// Queues over typed arrays: nothing here costs an object per message.

const NOTHING = new Float64Array(0)
const SMALLEST = 16

/** First in, first out, of numbers. */
export class NumberQueue {
  #items = NOTHING
  #head = 0
  length = 0

  push(item: number): void {
    if (this.length === this.#items.length) this.#grow()
    this.#items[(this.#head + this.length) & (this.#items.length - 1)] = item
    this.length += 1
  }

  /** The oldest item; there must be one. */
  peek(): number {
    return this.#items[this.#head]!
  }

  shift(): number {
    const item = this.#items[this.#head]!
    this.#head = (this.#head + 1) & (this.#items.length - 1)
    this.length -= 1
    if (this.length === 0 && this.#items.length > 1024) this.clear()
    return item
  }

  clear(): void {
    if (this.#items.length > 1024) this.#items = NOTHING
    this.#head = 0
    this.length = 0
  }

  #grow(): void {
    const items = new Float64Array(Math.max(SMALLEST, this.#items.length * 2))
    for (let i = 0; i < this.length; i++) {
      items[i] = this.#items[(this.#head + i) & (this.#items.length - 1)]!
    }
    this.#items = items
    this.#head = 0
  }
}

/** Sequence numbers ordered by a time: a binary heap. The same sequence number may be in it more than once. */
export class TimeHeap {
  #times = NOTHING
  #sequences = NOTHING
  length = 0

  push(time: number, sequence: number): void {
    if (this.length === this.#times.length) this.#resize(Math.max(SMALLEST, this.length * 2))
    let at = this.length++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#times[parent]! <= time) break
      this.#times[at] = this.#times[parent]!
      this.#sequences[at] = this.#sequences[parent]!
      at = parent
    }
    this.#times[at] = time
    this.#sequences[at] = sequence
  }

  /** The earliest time, or Infinity. */
  peekTime(): number {
    return this.length === 0 ? Infinity : this.#times[0]!
  }

  /** Takes out the earliest and returns its sequence number; there must be one. */
  pop(): number {
    const result = this.#sequences[0]!
    const last = --this.length
    const time = this.#times[last]!
    const sequence = this.#sequences[last]!
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= last) break
      if (child + 1 < last && this.#times[child + 1]! < this.#times[child]!) child += 1
      if (this.#times[child]! >= time) break
      this.#times[at] = this.#times[child]!
      this.#sequences[at] = this.#sequences[child]!
      at = child
    }
    this.#times[at] = time
    this.#sequences[at] = sequence
    if (last === 0 && this.#times.length > 1024) this.clear()
    return result
  }

  /** Visits each entry, in no order. */
  forEach(visit: (time: number, sequence: number) => void): void {
    for (let i = 0; i < this.length; i++) visit(this.#times[i]!, this.#sequences[i]!)
  }

  clear(): void {
    this.length = 0
    if (this.#times.length > 1024) this.#resize(SMALLEST)
  }

  #resize(capacity: number): void {
    const times = new Float64Array(capacity)
    const sequences = new Float64Array(capacity)
    times.set(this.#times.subarray(0, this.length))
    sequences.set(this.#sequences.subarray(0, this.length))
    this.#times = times
    this.#sequences = sequences
  }
}

/** Deliveries closer together than this share a record: they time out up to so much late. */
const SAME_DEADLINE_MS = 10
const RECORD_CELLS = 3
const COMPACT_FROM = 4_096

/**
 * Deadlines of deliveries that all have the same timeout, so that they come due in order. A record covers neighbours
 * in sequence delivered within a few milliseconds, however many, and fires when the last of them is due.
 */
export class DeadlineQueue {
  /** Per record: when it fires, first sequence number, end. */
  #records = new Float64Array(SMALLEST * RECORD_CELLS)
  #head = 0
  #compactAt = COMPACT_FROM
  length = 0

  push(deadline: number, from: number, to: number): void {
    if (this.length > 0) {
      const last = this.#at(this.length - 1)
      if (this.#records[last + 2] === from && deadline <= this.#records[last]!) {
        this.#records[last + 2] = to
        return
      }
    }
    if (this.length * RECORD_CELLS === this.#records.length) this.#grow()
    this.#set(this.length, deadline + SAME_DEADLINE_MS, from, to)
    this.length += 1
  }

  /** When the next record fires, or Infinity. */
  peekTime(): number {
    return this.length === 0 ? Infinity : this.#records[this.#at(0)]!
  }

  peekFrom(): number {
    return this.#records[this.#at(0) + 1]!
  }

  peekTo(): number {
    return this.#records[this.#at(0) + 2]!
  }

  /** Takes from the first record what is below `sequence`. */
  cutTo(sequence: number): void {
    this.#records[this.#at(0) + 1] = sequence
  }

  shift(): void {
    this.#head = (this.#head + 1) % (this.#records.length / RECORD_CELLS)
    this.length -= 1
  }

  /** Whether so many records have gathered that dropping those of settled messages is worth the walk. */
  wantsCompaction(): boolean {
    return this.length >= this.#compactAt
  }

  /** Keeps the records that `isLive` speaks for. */
  compact(isLive: (fires: number, from: number, to: number) => boolean): void {
    let kept = 0
    for (let i = 0; i < this.length; i++) {
      const at = this.#at(i)
      const fires = this.#records[at]!
      const from = this.#records[at + 1]!
      const to = this.#records[at + 2]!
      if (isLive(fires, from, to)) this.#set(kept++, fires, from, to)
    }
    this.length = kept
    this.#compactAt = Math.max(COMPACT_FROM, kept * 2)
  }

  #set(index: number, fires: number, from: number, to: number): void {
    const at = this.#at(index)
    this.#records[at] = fires
    this.#records[at + 1] = from
    this.#records[at + 2] = to
  }

  #at(index: number): number {
    const capacity = this.#records.length / RECORD_CELLS
    return ((this.#head + index) % capacity) * RECORD_CELLS
  }

  #grow(): void {
    const records = new Float64Array(this.#records.length * 2)
    for (let i = 0; i < this.length; i++) {
      const at = this.#at(i)
      records.set(this.#records.subarray(at, at + RECORD_CELLS), i * RECORD_CELLS)
    }
    this.#records = records
    this.#head = 0
  }
}
