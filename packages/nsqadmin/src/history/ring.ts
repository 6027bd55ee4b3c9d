// Points over time, the newest so many of them. Memory comes a page at a time, as time goes on.

/** Points a page. */
const PAGE_POINTS = 60

/** Rows of numbers, one row a slot: slot n covers the time from n steps on. A row that was not written reads as null. */
export class Ring {
  readonly points: number
  readonly columns: number
  readonly #pages: (Float32Array | undefined)[]
  /** The newest slot that was written; -1 before the first. */
  #last = -1

  constructor(points: number, columns: number) {
    this.points = points
    this.columns = columns
    this.#pages = Array.from({ length: Math.ceil(points / PAGE_POINTS) }, () => undefined)
  }

  get last(): number {
    return this.#last
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.byteLength ?? 0), 0)
  }

  /** Writes a slot, the newest or a newer one; those passed over are empty. */
  write(slot: number, row: readonly number[]): void {
    if (slot < this.#last) return
    const from = Math.max(this.#last + 1, slot - this.points + 1)
    for (let empty = from; empty < slot; empty++) this.#empty(empty)
    this.#last = slot
    const page = this.#pageOf(slot)
    const at = this.#offsetOf(slot)
    for (let column = 0; column < this.columns; column++)
      page[at + column] = row[column] ?? Number.NaN
  }

  /** What a slot holds; NaN where it holds nothing. */
  value(slot: number, column: number): number {
    if (slot < 0 || slot > this.#last || slot <= this.#last - this.points) return Number.NaN
    const page = this.#pages[this.#pageIndex(slot)]
    return page?.[this.#offsetOf(slot) + column] ?? Number.NaN
  }

  #empty(slot: number): void {
    const at = this.#offsetOf(slot)
    this.#pages[this.#pageIndex(slot)]?.fill(Number.NaN, at, at + this.columns)
  }

  #pageOf(slot: number): Float32Array {
    const index = this.#pageIndex(slot)
    return (this.#pages[index] ??= new Float32Array(PAGE_POINTS * this.columns).fill(Number.NaN))
  }

  #pageIndex(slot: number): number {
    return Math.floor((slot % this.points) / PAGE_POINTS)
  }

  #offsetOf(slot: number): number {
    return ((slot % this.points) % PAGE_POINTS) * this.columns
  }
}
