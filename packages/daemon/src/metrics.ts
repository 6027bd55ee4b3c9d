// Metrics for Prometheus: read from where the figures are kept when somebody asks.

import assert from 'node:assert/strict'

import type { Registry } from 'prom-client'

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

interface Definition extends Metric {
  readonly kind: 'gauge' | 'counter'
}

/**
 * What `GET /metrics` tells, in Prometheus' text format; with what every process has to tell. What writes the format is
 * loaded when somebody first asks: its 4 MB are much beside what a nsqlookupd keeps.
 */
export class Metrics {
  readonly #definitions: Definition[] = []
  #registry: Promise<Registry> | undefined

  gauge(metric: Metric): void {
    this.#define({ ...metric, kind: 'gauge' })
  }

  counter(metric: Metric): void {
    this.#define({ ...metric, kind: 'counter' })
  }

  #define(definition: Definition): void {
    assert.ok(this.#registry === undefined, 'metrics are defined before anybody asks')
    this.#definitions.push(definition)
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
    return {
      method: 'GET',
      path: '/metrics',
      quiet: true,
      handle: async () => {
        this.#registry ??= makeRegistry(this.#definitions)
        const registry = await this.#registry
        return new HttpReply({
          contentType: registry.contentType,
          body: await registry.metrics(),
        })
      },
    }
  }
}

async function makeRegistry(definitions: readonly Definition[]): Promise<Registry> {
  const { Counter, Gauge, Registry: NewRegistry } = await import('prom-client')
  const registry = new NewRegistry()
  for (const { kind, name, help, labelNames = [], read } of definitions) {
    const options = { name, help, labelNames, registers: [] }
    if (kind === 'gauge') {
      const gauge = new Gauge({
        ...options,
        collect() {
          this.reset()
          for (const [labels, value] of samplesOf(read())) this.labels(...labels).set(value)
        },
      })
      registry.registerMetric(gauge)
    } else {
      const counter = new Counter({
        ...options,
        collect() {
          this.reset()
          for (const [labels, value] of samplesOf(read())) this.labels(...labels).inc(value)
        },
      })
      registry.registerMetric(counter)
    }
  }
  return registry
}

function samplesOf(read: number | readonly MetricSample[]): readonly MetricSample[] {
  return typeof read === 'number' ? [[[], read]] : read
}
