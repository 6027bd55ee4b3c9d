import type { Figures } from '../sampler/figures.ts'
import { Ring } from './ring.ts'

export const FIELDS = [
  'depth',
  'in_flight',
  'deferred',
  'publish',
  'deliver',
  'finish',
  'requeue',
  'timeout',
] as const
export type Field = (typeof FIELDS)[number]

/** How often points come, and for how long they are kept. */
export interface Resolution {
  readonly stepMs: number
  readonly points: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A day, a point a minute. */
export const DAY: Resolution = { stepMs: MINUTE_MS, points: 1_440 }
/** Quantiles whose history is kept; nsqd has three as a rule. */
const MAX_QUANTILES = 4
const NS_PER_MS = 1e6

/** An hour, a point a sample. */
export function hourOf(sampleIntervalMs: number): Resolution {
  return { stepMs: sampleIntervalMs, points: Math.ceil(HOUR_MS / sampleIntervalMs) }
}

/** The history of a topic, a channel, a node or the cluster. */
export class HistorySeries {
  readonly #hour: Recorder
  readonly #day: Recorder

  constructor(hour: Resolution) {
    this.#hour = new Recorder(hour)
    this.#day = new Recorder(DAY)
  }

  get bytes(): number {
    return this.#hour.bytes + this.#day.bytes
  }

  record(timeMs: number, figures: Figures): void {
    const { depth, inFlight, deferred, publish, deliver, finish, requeue, timeout } = figures
    const row = [depth, inFlight, deferred, publish, deliver, finish, requeue, timeout]
    this.#hour.record(timeMs, row, figures.latency)
    this.#day.record(timeMs, row, figures.latency)
  }

  recorder(range: '1h' | '24h'): Recorder {
    return range === '1h' ? this.#hour : this.#day
  }
}

/** Several rows that fall into one step are averaged. */
export class Recorder {
  readonly resolution: Resolution
  readonly #values: Ring
  #latency: Ring | undefined
  readonly #quantiles: number[] = []
  #rows = 0
  #mean: number[] = []

  constructor(resolution: Resolution) {
    this.resolution = resolution
    this.#values = new Ring(resolution.points, FIELDS.length)
  }

  get bytes(): number {
    return this.#values.bytes + (this.#latency?.bytes ?? 0)
  }

  get quantiles(): readonly number[] {
    return this.#quantiles
  }

  record(timeMs: number, row: readonly number[], latency: ReadonlyMap<number, number>): void {
    const slot = Math.floor(timeMs / this.resolution.stepMs)
    this.#rows = slot === this.#values.last ? this.#rows + 1 : 1
    const weight = 1 / this.#rows
    this.#mean = row.map((value, i) => {
      const before = this.#rows === 1 ? value : (this.#mean[i] ?? value)
      return before + (value - before) * weight
    })
    this.#values.write(slot, this.#mean)
    if (latency.size > 0) this.#recordLatency(slot, latency)
  }

  /** The values of the last `points` steps up to a time, oldest first; null where there is none. */
  series(field: Field, endMs: number): (number | null)[] {
    return this.#read(this.#values, FIELDS.indexOf(field), endMs)
  }

  latencySeries(quantile: number, endMs: number): (number | null)[] {
    const { points } = this.resolution
    if (this.#latency === undefined) return Array.from({ length: points }, () => null)
    return this.#read(this.#latency, this.#quantiles.indexOf(quantile), endMs)
  }

  #recordLatency(slot: number, latency: ReadonlyMap<number, number>): void {
    for (const quantile of latency.keys()) {
      if (this.#quantiles.includes(quantile) || this.#quantiles.length >= MAX_QUANTILES) continue
      this.#quantiles.push(quantile)
    }
    this.#latency ??= new Ring(this.resolution.points, MAX_QUANTILES)
    this.#latency.write(
      slot,
      this.#quantiles.map((quantile) => (latency.get(quantile) ?? Number.NaN) / NS_PER_MS),
    )
  }

  #read(ring: Ring, column: number, endMs: number): (number | null)[] {
    const { points, stepMs } = this.resolution
    const end = Math.floor(endMs / stepMs)
    return Array.from({ length: points }, (_, i) => {
      const value = ring.value(end - points + 1 + i, column)
      return Number.isNaN(value) ? null : Math.round(value * 1_000) / 1_000
    })
  }
}
