// End-to-end latency, as nsqd measures it when it is told to.

import { type Json, listIn, numberIn, objectIn } from './shapes.ts'

/** One quantile; every time in nanoseconds. */
export interface Percentile {
  readonly quantile: number
  readonly min: number
  readonly max: number
  /** Mean of what the nodes say, weighted by how many messages each has seen. */
  readonly average: number
  readonly count: number
  /** What a single node says; absent where several were merged. */
  readonly value?: number
}

/** `percentiles` is null where nsqd doesn't measure. */
export interface Latency {
  readonly count: number
  readonly percentiles: readonly Percentile[] | null
  readonly topic: string
  readonly channel: string
  readonly host: string
}

/** A node's own figures. @throws {ShapeError} */
export function latencyIn(object: Json): Latency {
  const given = object['e2e_processing_latency']
  const json = given === undefined || given === null ? {} : objectIn(given, 'latency')
  const count = numberIn(json, 'count')
  const percentiles = listIn(json, 'percentiles').map((one) => {
    const percentile = objectIn(one, 'a percentile')
    const value = numberIn(percentile, 'value')
    const quantile = numberIn(percentile, 'quantile')
    return { quantile, min: value, max: value, average: value, count, value }
  })
  return {
    count,
    percentiles: percentiles.length === 0 ? null : percentiles,
    topic: '',
    channel: '',
    host: '',
  }
}

/** The figures of several nodes as one. Those that don't measure add nothing. */
export function mergeLatencies(
  latencies: readonly Latency[],
  topic: string,
  channel: string,
): Latency {
  const merged = new Map<number, Percentile>()
  let count = 0
  for (const latency of latencies) {
    count += latency.count
    for (const one of latency.percentiles ?? []) {
      merged.set(one.quantile, mergePercentiles(merged.get(one.quantile), one))
    }
  }
  const percentiles = merged.size === 0 ? null : [...merged.values()]
  return { count, percentiles, topic, channel, host: '*' }
}

function mergePercentiles(into: Percentile | undefined, one: Percentile): Percentile {
  const { quantile, min, max, average, count } = one
  if (into === undefined) return { quantile, min, max, average, count }
  const total = into.count + count
  return {
    quantile,
    min: Math.min(into.min, min),
    max: Math.max(into.max, max),
    average: total === 0 ? 0 : (into.average * into.count + average * count) / total,
    count: total,
  }
}
