// From what the server remembers to what a chart draws.

import type { History, Series } from '../../../src/api.ts'

export interface ChartLine {
  readonly label: string
  readonly values: Series
  /** Name of the colour, without `--chart-`. */
  readonly color: string
}

/** How much a chart shows at least, however young the history is. */
const LEAST_SHOWN_MS = 300_000

/** Index of the first point worth showing: what lies before the first sample is left out. */
export function firstShown(history: Pick<History, 'depth' | 'step'>): number {
  const first = history.depth.findIndex((value) => value !== null)
  const latest = Math.max(0, history.depth.length - Math.ceil(LEAST_SHOWN_MS / history.step))
  return first === -1 ? latest : Math.min(first, latest)
}

/** Seconds since 1970 of each point, as uPlot wants them. */
export function timesOf(history: Pick<History, 'start' | 'step'>, points: number): number[] {
  return Array.from({ length: points }, (_, i) => (history.start + i * history.step) / 1000)
}

export function messageLines(history: History): ChartLine[] {
  return [
    { label: 'Depth', values: history.depth, color: 'depth' },
    { label: 'In flight', values: history.in_flight, color: 'in-flight' },
    { label: 'Deferred', values: history.deferred, color: 'deferred' },
  ]
}

export function rateLines(history: History): ChartLine[] {
  return [
    { label: 'Publish', values: history.publish, color: 'publish' },
    { label: 'Deliver', values: history.deliver, color: 'deliver' },
    { label: 'Finish', values: history.finish, color: 'finish' },
    { label: 'Requeue', values: history.requeue, color: 'requeue' },
    { label: 'Timeout', values: history.timeout, color: 'timeout' },
  ]
}

const LATENCY_COLORS = ['requeue', 'publish', 'finish', 'deliver']

export function latencyLines(history: History): ChartLine[] {
  return Object.entries(history.latency)
    .toSorted(([a], [b]) => Number(b) - Number(a))
    .map(([quantile, values], i) => ({
      label: `${Number((Number(quantile) * 100).toFixed(3))}th`,
      values,
      color: LATENCY_COLORS[i % LATENCY_COLORS.length]!,
    }))
}

/** The newest value of a series; undefined when there is none. */
export function lastValue(values: Series): number | undefined {
  return values.findLast((value) => value !== null) ?? undefined
}

/** Points of an SVG polyline over a box, greatest value at the top; empty for fewer than two values. */
export function sparkPoints(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return ''
  const top = Math.max(...values, 1)
  const step = width / (values.length - 1)
  return values
    .map((value, i) => `${round(i * step)},${round(height - 1 - (value / top) * (height - 2))}`)
    .join(' ')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
