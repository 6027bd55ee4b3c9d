// The lines of --status-every: how long the last so many requests took.

const FEWEST_FOR_PERCENTILES = 100

/** Tells of every so many requests, with the one after them. */
export class LatencyReport {
  readonly #label: string
  readonly #log: (text: string) => void
  readonly #tookMs: Float64Array
  #count = 0

  /** @param every how many requests a line is about; from 1. */
  constructor(label: string, every: number, log: (text: string) => void) {
    this.#label = label
    this.#log = log
    this.#tookMs = new Float64Array(every)
    if (every < FEWEST_FOR_PERCENTILES) {
      const advice = `use more than ${FEWEST_FOR_PERCENTILES} status values for accurate percentiles`
      log(`Warning: ${advice} (configured with ${every})`)
    }
  }

  add(tookMs: number): void {
    if (this.#count === this.#tookMs.length) {
      this.#log(`[${this.#label}]: ${summary(this.#tookMs)}`)
      this.#count = 0
    }
    this.#tookMs[this.#count++] = tookMs
  }
}

/** Such as `finished 250 - 99th: 7.25ms - 95th: 7.25ms - avg: 5.39ms`. */
export function summary(tookMs: Float64Array): string {
  const sorted = tookMs.toSorted()
  const average = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length
  const percentiles = [99, 95].map((percent) => `${percent}th: ${shown(at(sorted, percent))}`)
  return `finished ${sorted.length} - ${percentiles.join(' - ')} - avg: ${shown(average)}`
}

function shown(ms: number): string {
  return `${ms.toFixed(2)}ms`
}

function at(sorted: Float64Array, percent: number): number {
  const index = Math.ceil((percent / 100) * sorted.length + 0.5)
  return sorted[Math.min(index, sorted.length - 1)] ?? 0
}

/** One report over all outlets and, where there are several, one for each. Nothing when `every` is 0. */
export class LatencyReports {
  readonly #aggregate: LatencyReport | undefined
  readonly #each: readonly LatencyReport[]

  constructor(names: readonly string[], every: number, log: (text: string) => void) {
    const report = (label: string): LatencyReport => new LatencyReport(label, every, log)
    this.#aggregate = every > 0 ? report('aggregate') : undefined
    this.#each = every > 0 && names.length > 1 ? names.map(report) : []
  }

  add(index: number, tookMs: number): void {
    this.#aggregate?.add(tookMs)
    this.#each[index]?.add(tookMs)
  }
}
