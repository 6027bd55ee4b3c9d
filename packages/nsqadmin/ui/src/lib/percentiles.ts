import type { Latency, Percentile } from '@tsq/clusterinfo'

/** Every quantile that any of these measures, greatest first: one column each, so that rows never shift. */
export function quantilesOf(latencies: readonly (Latency | null | undefined)[]): number[] {
  const seen = new Set(latencies.flatMap((one) => (one?.percentiles ?? []).map((p) => p.quantile)))
  return [...seen].toSorted((a, b) => b - a)
}

export function latencyAt(
  latency: Latency | null | undefined,
  quantile: number,
): Percentile | undefined {
  return latency?.percentiles?.find((one) => one.quantile === quantile)
}
