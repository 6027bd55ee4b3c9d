// How figures get into prom-client: read from where they are kept when somebody asks.

import { Counter, Gauge, Histogram as PromHistogram, type Registry } from 'prom-client'

import type { Histogram } from '../../histogram.ts'

/** Label values, as many as there are labels, and what was measured there. */
export type Sample<T = number> = readonly [labels: readonly string[], value: T]

/** A metric before it is registered. */
export interface Metric<T = number> {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  readonly read: () => readonly Sample<T>[]
}

const MS_PER_SECOND = 1_000
/** From half a millisecond to an hour. */
const BOUNDS_SECONDS = [0.0005, 0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1, 5, 10, 60, 600, 3600]
const BOUNDS_MS = BOUNDS_SECONDS.map((seconds) => seconds * MS_PER_SECOND)

export function gauge(registry: Registry, { name, help, labelNames = [], read }: Metric): void {
  // oxlint-disable-next-line no-new -- it is in the registry now.
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset()
      for (const [labels, value] of read()) this.labels(...labels).set(value)
    },
  })
}

export function counter(registry: Registry, { name, help, labelNames = [], read }: Metric): void {
  // oxlint-disable-next-line no-new -- it is in the registry now.
  new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset()
      for (const [labels, value] of read()) this.labels(...labels).inc(value)
    },
  })
}

export function histogram(registry: Registry, metric: Metric<Histogram>): void {
  // oxlint-disable-next-line no-new -- it is in the registry now.
  new ReadHistogram(registry, metric)
}

/** What one value of prom-client's looks like. */
interface Value {
  readonly metricName: string
  readonly labels: Record<string, string | number>
  readonly value: number
}

/** A histogram whose counting was done elsewhere, for which prom-client has no words. */
class ReadHistogram extends PromHistogram {
  readonly #metric: Metric<Histogram>

  constructor(registry: Registry, metric: Metric<Histogram>) {
    const { name, help, labelNames = [] } = metric
    super({ name, help, labelNames, buckets: BOUNDS_SECONDS, registers: [registry] })
    this.#metric = metric
  }

  /** What the registry asks a histogram for when it makes the text. */
  getForPromString(): Promise<object> {
    const { name, help } = this.#metric
    return Promise.resolve({ name, help, type: 'histogram', values: this.#values() })
  }

  #values(): Value[] {
    const { name, labelNames = [], read } = this.#metric
    const values: Value[] = []
    for (const [texts, measured] of read()) {
      const labels = Object.fromEntries(labelNames.map((label, i) => [label, texts[i]!]))
      const add = (suffix: string, more: Record<string, string | number>, value: number): void => {
        values.push({ metricName: name + suffix, labels: { ...labels, ...more }, value })
      }
      for (const [i, count] of measured.countsUpTo(BOUNDS_MS).entries()) {
        add('_bucket', { le: BOUNDS_SECONDS[i]! }, count)
      }
      add('_bucket', { le: '+Inf' }, measured.count)
      add('_sum', {}, measured.sumMs / MS_PER_SECOND)
      add('_count', {}, measured.count)
    }
    return values
  }
}
