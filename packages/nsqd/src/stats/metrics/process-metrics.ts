import { performance } from 'node:perf_hooks'

import type { Registry } from 'prom-client'

import { eventLoopDelays } from '../event-loop.ts'
import { memoryStats } from '../memory.ts'
import { counter, gauge, histogram, type Sample } from './registry.ts'

const MICROS_PER_SECOND = 1e6
const MS_PER_SECOND = 1_000

/** What the process and its event loop are at. */
export function processMetrics(registry: Registry): void {
  const startSeconds = Date.now() / MS_PER_SECOND - process.uptime()
  gauge(registry, {
    name: 'process_start_time_seconds',
    help: 'Unix time of the start',
    read: () => only(startSeconds),
  })
  counter(registry, {
    name: 'process_cpu_seconds_total',
    help: 'time on a CPU',
    read: () => {
      const { user, system } = process.cpuUsage()
      return only((user + system) / MICROS_PER_SECOND)
    },
  })
  gauge(registry, {
    name: 'process_resident_memory_bytes',
    help: 'resident memory',
    read: () => only(process.memoryUsage.rss()),
  })
  gauge(registry, {
    name: 'nodejs_heap_size_used_bytes',
    help: 'memory used of the JavaScript heap',
    read: () => only(process.memoryUsage().heapUsed),
  })
  counter(registry, {
    name: 'nsqd_gc_runs_total',
    help: 'garbage collections',
    read: () => only(memoryStats().gc_total_runs),
  })
  eventLoopMetrics(registry)
}

function eventLoopMetrics(registry: Registry): void {
  histogram(registry, {
    name: 'nsqd_event_loop_delay_seconds',
    help: 'how late the event loop was, looked at every 20 ms from the first scrape on',
    read: () => only(eventLoopDelays()),
  })
  counter(registry, {
    name: 'nsqd_event_loop_busy_seconds_total',
    help: 'time in which the event loop was not idle',
    read: () => only(performance.eventLoopUtilization().active / MS_PER_SECOND),
  })
}

export function only<T>(value: T): Sample<T>[] {
  return [[[], value]]
}
