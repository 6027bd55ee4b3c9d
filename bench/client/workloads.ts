/** What each client is put to. */
export interface Workload {
  readonly name: string
  readonly kind: 'publish' | 'consume'
  /** Publishes under way at once, or maxInFlight. */
  readonly outstanding: number
  /** Messages a publish. */
  readonly batchOf: number
  /** How many of the messages asked for; awaiting each answer is slow. */
  readonly share: number
}

export const workloads: readonly Workload[] = [
  { name: 'publish, each awaited', kind: 'publish', outstanding: 1, batchOf: 1, share: 0.15 },
  { name: 'publish, 1,000 outstanding', kind: 'publish', outstanding: 1_000, batchOf: 1, share: 1 },
  {
    name: 'publish batches of 200, 10 outstanding',
    kind: 'publish',
    outstanding: 10,
    batchOf: 200,
    share: 2,
  },
  { name: 'consume, max in flight 200', kind: 'consume', outstanding: 200, batchOf: 1, share: 1 },
  {
    name: 'consume, max in flight 2,500',
    kind: 'consume',
    outstanding: 2_500,
    batchOf: 1,
    share: 1,
  },
]
