import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** Pauses of which percentiles are told. */
const KEPT_PAUSES = 256

const pauses: number[] = []
let collections = 0
let observer: PerformanceObserver | undefined

/** Begins to note garbage collections, for the `gc_*` figures. Once per process. */
export function observeCollections(): void {
  if (observer !== undefined) return
  observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      pauses[collections % KEPT_PAUSES] = entry.duration * 1000
      collections += 1
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** nsqd's `memory` object in Node's terms: V8's heap where nsqd has Go's. */
export function memoryStats(): {
  heap_objects: number
  heap_idle_bytes: number
  heap_in_use_bytes: number
  heap_released_bytes: number
  gc_pause_usec_100: number
  gc_pause_usec_99: number
  gc_pause_usec_95: number
  next_gc_bytes: number
  gc_total_runs: number
} {
  const heap = getHeapStatistics()
  const sorted = pauses.toSorted((a, b) => a - b)
  return {
    // V8 does not count objects.
    heap_objects: 0,
    heap_idle_bytes: heap.total_heap_size - heap.used_heap_size,
    heap_in_use_bytes: heap.used_heap_size,
    // Nor does it tell what it gave back.
    heap_released_bytes: 0,
    gc_pause_usec_100: percentile(sorted, 1),
    gc_pause_usec_99: percentile(sorted, 0.99),
    gc_pause_usec_95: percentile(sorted, 0.95),
    next_gc_bytes: heap.heap_size_limit,
    gc_total_runs: collections,
  }
}

function percentile(sorted: readonly number[], quantile: number): number {
  if (sorted.length === 0) return 0
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]!)
}
