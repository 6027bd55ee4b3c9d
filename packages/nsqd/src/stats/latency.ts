import type { LogChannel } from '../log-channel.ts'
import { Histogram } from '../histogram.ts'

/** `e2e_processing_latency` as nsqd puts it. */
export interface LatencySnapshot {
  readonly count: number
  /** Values in ns; null where no percentiles are configured. */
  readonly percentiles: readonly { readonly quantile: number; readonly value: number }[] | null
}

const NO_LATENCY: LatencySnapshot = { count: 0, percentiles: null }

/** The latencies of channels taken together: of one, or of a topic's. */
export function latencySnapshot(
  channels: Iterable<LogChannel>,
  quantiles: readonly number[],
): LatencySnapshot {
  if (quantiles.length === 0) return NO_LATENCY
  const merged = new Histogram()
  let isKept = false
  for (const { latency } of channels) {
    if (latency === undefined) continue
    isKept = true
    merged.add(latency.recent())
  }
  // Of a topic without channels nsqd tells as little as without percentiles.
  if (!isKept) return NO_LATENCY
  return {
    count: merged.count,
    percentiles: quantiles.map((quantile) => ({ quantile, value: merged.quantileNs(quantile) })),
  }
}

/** The end of a topic's or channel's line in `/stats` for people. */
export function latencyText({ percentiles }: LatencySnapshot): string {
  return (percentiles ?? []).map(({ value }) => durationText(value)).join(', ')
}

function durationText(ns: number): string {
  if (ns > 1e9) return `${(ns / 1e9).toFixed(1)}s`
  if (ns > 1e6) return `${(ns / 1e6).toFixed(1)}ms`
  if (ns > 1e3) return `${(ns / 1e3).toFixed(1)}us`
  return `${ns.toFixed(1)}ns`
}
