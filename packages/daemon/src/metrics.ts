// Metrics for Prometheus: read from where the figures are kept when somebody asks.

import { Counter, Gauge, Registry } from 'prom-client'

import { HttpReply } from './http/reply.ts'
import type { Route } from './http/routes.ts'

/** Label values, as many as there are labels, and what was measured there. */
export type MetricSample = readonly [labels: readonly string[], value: number]

/** A metric as it is told of. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** A number where there are no labels. */
  readonly read: () => number | readonly MetricSample[]
}

const MICROS_PER_SECOND = 1e6

/** What `GET /metrics` tells, in Prometheus' text format; with what every process has to tell. */
export class Metrics {
  readonly #registry = new Registry()

  gauge({ name, help, labelNames = [], read }: Metric): void {
    const metric = new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset()
        for (const [labels, value] of samplesOf(read())) this.labels(...labels).set(value)
      },
    })
    this.#registry.registerMetric(metric)
  }

  counter({ name, help, labelNames = [], read }: Metric): void {
    const metric = new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset()
        for (const [labels, value] of samplesOf(read())) this.labels(...labels).inc(value)
      },
    })
    this.#registry.registerMetric(metric)
  }

  /** Under the names that every Prometheus client uses for these. */
  addProcess(): void {
    const startSeconds = Date.now() / 1_000 - process.uptime()
    this.gauge({
      name: 'process_start_time_seconds',
      help: 'Unix time of the start',
      read: () => startSeconds,
    })
    this.counter({
      name: 'process_cpu_seconds_total',
      help: 'time on a CPU',
      read: () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / MICROS_PER_SECOND
      },
    })
    this.gauge({
      name: 'process_resident_memory_bytes',
      help: 'resident memory',
      read: () => process.memoryUsage.rss(),
    })
    this.gauge({
      name: 'nodejs_heap_size_used_bytes',
      help: 'memory used of the JavaScript heap',
      read: () => process.memoryUsage().heapUsed,
    })
  }

  route(): Route {
    const { contentType } = this.#registry
    return {
      method: 'GET',
      path: '/metrics',
      quiet: true,
      handle: async () => new HttpReply({ contentType, body: await this.#registry.metrics() }),
    }
  }
}

function samplesOf(read: number | readonly MetricSample[]): readonly MetricSample[] {
  return typeof read === 'number' ? [[[], read]] : read
}
