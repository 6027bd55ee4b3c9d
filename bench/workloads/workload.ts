import type { Values } from '../metrics.ts'
import type { Options } from '../options.ts'
import type { Target } from '../targets.ts'

export type Table = 'throughput' | 'latency' | 'idle'

export interface Workload {
  readonly name: string
  readonly about: string
  /** Which of the printed tables it belongs to. */
  readonly table: Table
  /** Whether it publishes while it measures, so that `--ack-after` matters to it. */
  readonly isPublishing: boolean
  /** Of something slow that hardly varies; otherwise `--repeats`. */
  readonly repeats?: number
  measure(run: Run): Promise<Measurement>
}

/** One run of one workload on one target. */
export interface Run {
  readonly target: Target
  readonly options: Options
  /** Empty, and removed afterwards. */
  readonly folder: string
}

export interface Measurement {
  readonly values: Values
  /** What the consumers found wrong with what they received. */
  readonly problems: readonly string[]
}
