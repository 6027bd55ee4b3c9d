import { Metrics, type Route } from '@tsq/daemon'

import type { Nsqadmin } from '../nsqadmin.ts'
import { NSQ_VERSION } from '../version.ts'

const MS_PER_SECOND = 1_000

/** `GET /metrics`: of this nsqadmin and, as sums, of the cluster it watches. No names of topics. */
export function metricsRoutes(admin: Nsqadmin): Route[] {
  const metrics = new Metrics()
  metrics.gauge({
    name: 'nsqadmin_info',
    help: 'constant 1',
    labelNames: ['version'],
    read: () => [[[NSQ_VERSION], 1]],
  })
  clusterMetrics(metrics, admin)
  samplerMetrics(metrics, admin)
  peopleMetrics(metrics, admin)
  metrics.addProcess()
  return [metrics.route()]
}

function clusterMetrics(metrics: Metrics, { sampler }: Nsqadmin): void {
  const { state } = sampler
  metrics.gauge({
    name: 'nsqadmin_cluster_depth',
    help: 'messages that wait, by topic the topic or its fullest channel',
    read: () => state.figures.depth,
  })
  metrics.gauge({
    name: 'nsqadmin_cluster_in_flight',
    help: 'messages handed out and unanswered',
    read: () => state.figures.inFlight,
  })
  metrics.gauge({
    name: 'nsqadmin_cluster_deferred',
    help: 'messages that wait for their time',
    read: () => state.figures.deferred,
  })
  metrics.gauge({
    name: 'nsqadmin_cluster_topics',
    help: 'topics that a node has',
    read: () => state.topics.size,
  })
  metrics.gauge({
    name: 'nsqadmin_cluster_nodes',
    help: 'nsqd, by whether they could be read',
    labelNames: ['state'],
    read: () => {
      const failing = sampler.problems.filter(({ kind }) => kind === 'nsqd').length
      return [
        [['up'], Math.max(0, sampler.nodes.length - failing)],
        [['failing'], failing],
      ]
    },
  })
}

function samplerMetrics(metrics: Metrics, { sampler, history }: Nsqadmin): void {
  metrics.gauge({
    name: 'nsqadmin_sample_seconds',
    help: 'how long the last sample of all nodes took',
    read: () => sampler.tookMs / MS_PER_SECOND,
  })
  metrics.gauge({
    name: 'nsqadmin_sample_time_seconds',
    help: 'Unix time of the last sample',
    read: () => sampler.sampledAt / MS_PER_SECOND,
  })
  metrics.gauge({
    name: 'nsqadmin_history_series',
    help: 'topics, channels and nodes whose history is kept',
    read: () => history.seriesCount,
  })
  metrics.gauge({
    name: 'nsqadmin_history_bytes',
    help: 'memory of their points',
    read: () => history.bytes,
  })
}

function peopleMetrics(metrics: Metrics, admin: Nsqadmin): void {
  metrics.gauge({
    name: 'nsqadmin_viewers',
    help: 'pages that listen for samples, or tail a topic',
    read: () => admin.streams.count + admin.tails.count,
  })
  metrics.gauge({
    name: 'nsqadmin_sessions',
    help: 'people who are logged in',
    read: () => admin.gatekeeper.sessionCount,
  })
  metrics.counter({
    name: 'nsqadmin_actions_total',
    help: 'changes that were asked for, by whether they were made everywhere',
    labelNames: ['outcome'],
    read: () => {
      const { done, failed } = admin.actions.counts
      return [
        [['done'], done],
        [['failed'], failed],
      ]
    },
  })
  metrics.counter({
    name: 'nsqadmin_notifications_lost_total',
    help: 'notifications that could not be delivered',
    read: () => admin.notifier.lost,
  })
}
