import { HttpReply, type Route } from '@tsq/daemon'
import { Registry } from 'prom-client'

import type { Nsqd } from '../../nsqd.ts'
import { brokerMetrics } from './broker-metrics.ts'
import { processMetrics } from './process-metrics.ts'
import { TopicMetrics } from './topic-metrics.ts'

/** GET /metrics, in Prometheus' text format. Nothing is kept for it but what is counted anyway. */
export function metricsRoute(nsqd: Nsqd): Route {
  const registry = new Registry()
  const { metricsMaxSeries, e2eLatencyPercentiles } = nsqd.options
  brokerMetrics(registry, nsqd)
  const topics = new TopicMetrics(registry, metricsMaxSeries, e2eLatencyPercentiles.length > 0)
  processMetrics(registry)
  return {
    method: 'GET',
    path: '/metrics',
    quiet: true,
    handle: async () => {
      topics.refresh(nsqd.topics.list())
      return new HttpReply({ contentType: registry.contentType, body: await registry.metrics() })
    },
  }
}
