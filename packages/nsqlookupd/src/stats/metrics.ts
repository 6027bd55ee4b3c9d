import { Counter, Gauge, Registry as Metrics } from 'prom-client'

import type { Registry } from '../registry/registry.ts'
import { NSQ_VERSION } from '../version.ts'
import type { Counters } from './counters.ts'

const MICROS_PER_SECOND = 1e6

/** What the metrics are read from when somebody asks. */
export interface MetricsSource {
  readonly registry: Registry
  readonly counters: Counters
  /** Open TCP connections, identified or not. */
  readonly peerCount: number
}

/** Label values, as many as there are labels, and what was measured there. */
type Sample = readonly [labels: readonly string[], value: number]

/** Prometheus' text format, with a reading taken now. */
export class MetricsText {
  readonly #metrics = new Metrics()

  constructor(source: MetricsSource) {
    registryMetrics(this.#metrics, source)
    trafficMetrics(this.#metrics, source)
    processMetrics(this.#metrics)
  }

  get contentType(): string {
    return this.#metrics.contentType
  }

  read(): Promise<string> {
    return this.#metrics.metrics()
  }
}

function registryMetrics(metrics: Metrics, { registry }: MetricsSource): void {
  gauge(metrics, 'nsqlookupd_info', 'constant 1', () => [[[NSQ_VERSION], 1]], ['version'])
  gauge(
    metrics,
    'nsqlookupd_nodes',
    'registered nsqd, by whether they still ping',
    () => {
      let active = 0
      for (const node of registry.nodes) active += Number(registry.isActive(node))
      return [
        [['active'], active],
        [['inactive'], registry.nodes.size - active],
      ]
    },
    ['state'],
  )
  gauge(metrics, 'nsqlookupd_topics', 'topics known', () => only(registry.topicCount))
  gauge(metrics, 'nsqlookupd_channels', 'channels known', () => only(registry.channelCount))
  gauge(metrics, 'nsqlookupd_registrations', 'nsqd under topics and channels, pairs', () =>
    only(registry.registrationCount),
  )
}

function trafficMetrics(metrics: Metrics, source: MetricsSource): void {
  const { counters } = source
  gauge(metrics, 'nsqlookupd_peers', 'open TCP connections', () => only(source.peerCount))
  counter(metrics, 'nsqlookupd_connections_total', 'TCP connections accepted', () =>
    only(counters.connections),
  )
  counter(metrics, 'nsqlookupd_connections_refused_total', 'TCP connections over --max-peers', () =>
    only(counters.refusedConnections),
  )
  counter(metrics, 'nsqlookupd_timeouts_total', 'TCP connections ended for being too slow', () =>
    only(counters.timeouts),
  )
  counter(
    metrics,
    'nsqlookupd_commands_total',
    'commands obeyed',
    () => Object.entries(counters.commands).map(([name, count]) => [[name], count]),
    ['command'],
  )
  counter(
    metrics,
    'nsqlookupd_errors_total',
    'errors answered over TCP',
    () => Array.from(counters.errors, ([code, count]) => [[code], count]),
    ['code'],
  )
  counter(
    metrics,
    'nsqlookupd_http_requests_total',
    'HTTP requests of known endpoints',
    () => Array.from(counters.requests, ([key, count]) => [key.split(' '), count]),
    ['path', 'status'],
  )
}

/** The names every Prometheus client uses for these. */
function processMetrics(metrics: Metrics): void {
  const startSeconds = Date.now() / 1000 - process.uptime()
  gauge(metrics, 'process_start_time_seconds', 'Unix time of the start', () => only(startSeconds))
  counter(metrics, 'process_cpu_seconds_total', 'time on a CPU', () => {
    const { user, system } = process.cpuUsage()
    return only((user + system) / MICROS_PER_SECOND)
  })
  gauge(metrics, 'process_resident_memory_bytes', 'resident memory', () =>
    only(process.memoryUsage.rss()),
  )
  gauge(metrics, 'nodejs_heap_size_used_bytes', 'memory used of the JavaScript heap', () =>
    only(process.memoryUsage().heapUsed),
  )
}

function only(value: number): Sample[] {
  return [[[], value]]
}

function gauge(
  metrics: Metrics,
  name: string,
  help: string,
  read: () => readonly Sample[],
  labelNames: readonly string[] = [],
): void {
  const options = { name, help, labelNames, registers: [] }
  const metric = new Gauge({
    ...options,
    collect() {
      this.reset()
      for (const [labels, value] of read()) this.labels(...labels).set(value)
    },
  })
  metrics.registerMetric(metric)
}

function counter(
  metrics: Metrics,
  name: string,
  help: string,
  read: () => readonly Sample[],
  labelNames: readonly string[] = [],
): void {
  const options = { name, help, labelNames, registers: [] }
  const metric = new Counter({
    ...options,
    collect() {
      this.reset()
      for (const [labels, value] of read()) this.labels(...labels).inc(value)
    },
  })
  metrics.registerMetric(metric)
}
