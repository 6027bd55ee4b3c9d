import { Metrics, type Route } from '@tsq/daemon'

import type { Registry } from '../registry/registry.ts'
import { NSQ_VERSION } from '../version.ts'
import type { Counters } from './counters.ts'

/** What the metrics are read from when somebody asks. */
export interface MetricsSource {
  readonly registry: Registry
  readonly counters: Counters
  /** Open TCP connections, identified or not. */
  readonly peerCount: number
}

/** GET /metrics, in Prometheus' text format. */
export function metricsRoute(source: MetricsSource): Route {
  const metrics = new Metrics()
  registryMetrics(metrics, source)
  trafficMetrics(metrics, source)
  metrics.addProcess()
  return metrics.route()
}

function registryMetrics(metrics: Metrics, { registry }: MetricsSource): void {
  metrics.gauge({
    name: 'nsqlookupd_info',
    help: 'constant 1',
    labelNames: ['version'],
    read: () => [[[NSQ_VERSION], 1]],
  })
  metrics.gauge({
    name: 'nsqlookupd_nodes',
    help: 'registered nsqd, by whether they still ping',
    labelNames: ['state'],
    read: () => {
      let active = 0
      for (const node of registry.nodes) active += Number(registry.isActive(node))
      return [
        [['active'], active],
        [['inactive'], registry.nodes.size - active],
      ]
    },
  })
  metrics.gauge({
    name: 'nsqlookupd_topics',
    help: 'topics known',
    read: () => registry.topicCount,
  })
  metrics.gauge({
    name: 'nsqlookupd_channels',
    help: 'channels known',
    read: () => registry.channelCount,
  })
  metrics.gauge({
    name: 'nsqlookupd_registrations',
    help: 'nsqd under topics and channels, pairs',
    read: () => registry.registrationCount,
  })
}

function trafficMetrics(metrics: Metrics, source: MetricsSource): void {
  const { counters } = source
  metrics.gauge({
    name: 'nsqlookupd_peers',
    help: 'open TCP connections',
    read: () => source.peerCount,
  })
  metrics.counter({
    name: 'nsqlookupd_connections_total',
    help: 'TCP connections accepted',
    read: () => counters.connections,
  })
  metrics.counter({
    name: 'nsqlookupd_connections_refused_total',
    help: 'TCP connections over --max-peers',
    read: () => counters.refusedConnections,
  })
  metrics.counter({
    name: 'nsqlookupd_timeouts_total',
    help: 'TCP connections ended for being too slow',
    read: () => counters.timeouts,
  })
  metrics.counter({
    name: 'nsqlookupd_commands_total',
    help: 'commands obeyed',
    labelNames: ['command'],
    read: () => Object.entries(counters.commands).map(([name, count]) => [[name], count]),
  })
  metrics.counter({
    name: 'nsqlookupd_errors_total',
    help: 'errors answered over TCP',
    labelNames: ['code'],
    read: () => Array.from(counters.errors, ([code, count]) => [[code], count]),
  })
  metrics.counter({
    name: 'nsqlookupd_http_requests_total',
    help: 'HTTP requests of known endpoints',
    labelNames: ['path', 'status'],
    read: () => Array.from(counters.requests, ([key, count]) => [key.split(' '), count]),
  })
}
