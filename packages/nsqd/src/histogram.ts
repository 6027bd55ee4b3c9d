// Hot: `record` runs for every FIN while latencies are asked for, and for every commit.

const NS_PER_MS = 1e6
/** Cells an octave; a value is known to within 1 / (2 * ROW_CELLS) of itself, 0.8 %. */
const ROW_BITS = 6
const ROW_CELLS = 1 << ROW_BITS
/** Mantissa bits in the upper half of a double, less those that name a cell. */
const DROPPED_BITS = 20 - ROW_BITS
/** Values are 2^10 ns (a microsecond) … 2^53 ns (a hundred days); others count as the nearest of these. */
const SMALLEST_NS = 2 ** 10
const LARGEST_NS = 2 ** 53 - 1
const FIRST_CELL = (1023 + 10) << ROW_BITS
const ROWS = 43

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)
/** The half of a double with sign and exponent. */
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0

/**
 * Counts of durations by size: a cell for each 64th of an octave. A double's exponent and first mantissa bits are the
 * cell's number, so to record is to raise one cell. Rows of cells are made when first needed: a channel uses few.
 */
export class Histogram {
  count = 0
  /** Of all values, in ms. */
  sumMs = 0
  readonly #rows: (Float64Array | undefined)[] = []

  constructor() {
    for (let i = 0; i < ROWS; i++) this.#rows.push(undefined)
  }

  record(ms: number): void {
    const cell = cellOf(ms * NS_PER_MS)
    const row = this.#rows[cell >>> ROW_BITS] ?? this.#makeRow(cell >>> ROW_BITS)
    row[cell & (ROW_CELLS - 1)]! += 1
    this.count += 1
    this.sumMs += ms
  }

  #makeRow(index: number): Float64Array {
    const row = new Float64Array(ROW_CELLS)
    this.#rows[index] = row
    return row
  }

  /** Adds what another counted. */
  add(other: Histogram): void {
    this.count += other.count
    this.sumMs += other.sumMs
    for (const [index, from] of other.#rows.entries()) {
      if (from === undefined) continue
      const to = this.#rows[index] ?? this.#makeRow(index)
      for (let i = 0; i < ROW_CELLS; i++) to[i]! += from[i]!
    }
  }

  /** Makes it empty; the rows stay for the next values. */
  clear(): void {
    this.count = 0
    this.sumMs = 0
    for (const row of this.#rows) row?.fill(0)
  }

  /** The value in ns that a part `quantile` (0…1] of all values does not exceed; 0 where there are none. */
  quantileNs(quantile: number): number {
    if (this.count === 0) return 0
    let left = Math.max(1, Math.ceil(this.count * quantile))
    for (const [index, row] of this.#rows.entries()) {
      if (row === undefined) continue
      for (let i = 0; i < ROW_CELLS; i++) {
        left -= row[i]!
        if (left <= 0) return middleOf(index * ROW_CELLS + i)
      }
    }
    return LARGEST_NS
  }

  /** How many values do not exceed each of the ascending `boundsMs`; of those in a bound's own cell all count. */
  countsUpTo(boundsMs: readonly number[]): number[] {
    const counts: number[] = []
    let count = 0
    let cell = 0
    for (const bound of boundsMs) {
      const last = cellOf(bound * NS_PER_MS)
      for (; cell <= last; cell++) {
        const row = this.#rows[cell >>> ROW_BITS]
        if (row === undefined) cell |= ROW_CELLS - 1
        else count += row[cell & (ROW_CELLS - 1)]!
      }
      counts.push(count)
    }
    return counts
  }
}

function cellOf(ns: number): number {
  double[0] = ns > SMALLEST_NS ? Math.min(ns, LARGEST_NS) : SMALLEST_NS
  return (halves[HIGH]! >>> DROPPED_BITS) - FIRST_CELL
}

/** The middle of a cell, in whole ns. */
function middleOf(cell: number): number {
  const row = cell >>> ROW_BITS
  const part = (cell & (ROW_CELLS - 1)) + 0.5
  return Math.round(SMALLEST_NS * 2 ** row * (1 + part / ROW_CELLS))
}
