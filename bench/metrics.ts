// Every figure the benchmark can print: its heading, which way is better, and how it looks.

export interface Metric {
  readonly name: MetricName
  readonly heading: string
  /** Shown in the table of ratios. */
  readonly isCompared: boolean
  readonly format: (value: number) => string
}

export type MetricName = (typeof table)[number][0]

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US')
const tenths = (value: number): string => value.toFixed(1)
const hundredths = (value: number): string => value.toFixed(2)

const table = [
  ['rate', 'msg/s', true, thousands],
  ['megabytesPerSecond', 'MB/s', false, tenths],
  ['p50Ms', 'p50 ms', true, hundredths],
  ['p90Ms', 'p90 ms', false, hundredths],
  ['p99Ms', 'p99 ms', true, hundredths],
  ['p999Ms', 'p99.9 ms', false, hundredths],
  ['maxMs', 'max ms', true, hundredths],
  ['sendLagP99Ms', 'send lag p99 ms', false, hundredths],
  ['serverMicros', 'nsqd CPU µs/msg', true, hundredths],
  ['generatorMicros', 'generator CPU µs/msg', false, hundredths],
  ['createSeconds', 'create s', true, hundredths],
  ['idleCpuPercent', 'idle CPU % of a core', true, hundredths],
  ['residentMb', 'resident MB', true, tenths],
  ['peakMb', 'peak MB', true, tenths],
  ['startSeconds', 'start s', true, hundredths],
] as const

/** In the order of the columns. */
export const METRICS: readonly Metric[] = table.map(([name, heading, isCompared, format]) => ({
  name,
  heading,
  isCompared,
  format,
}))

export type Values = { readonly [name in MetricName]?: number | undefined }

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

/**
 * @param sorted ascending.
 * @returns undefined when there are too few values for this quantile to be more than the maximum.
 */
export function quantile(sorted: Float64Array, q: number): number | undefined {
  if (sorted.length * (1 - q) < 1 - 1e-9) return undefined
  return sorted[Math.ceil(sorted.length * q) - 1]
}
