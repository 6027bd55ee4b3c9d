import type { Registry } from 'prom-client'

import type { Nsqd } from '../../nsqd.ts'
import { NSQ_VERSION } from '../../version.ts'
import { only } from './process-metrics.ts'
import { counter, gauge, histogram, type Sample } from './registry.ts'

/** What the broker as a whole is at: size, clients, health, and the logs' traffic with the disk. */
export function brokerMetrics(registry: Registry, nsqd: Nsqd): void {
  gauge(registry, {
    name: 'nsqd_info',
    help: 'constant 1',
    labelNames: ['version'],
    read: () => [[[NSQ_VERSION], 1]],
  })
  gauge(registry, {
    name: 'nsqd_healthy',
    help: '1 while every log can be written',
    read: () => only(Number(nsqd.health === 'OK')),
  })
  gauge(registry, { name: 'nsqd_topics', help: 'topics', read: () => only(nsqd.topics.size) })
  gauge(registry, {
    name: 'nsqd_channels',
    help: 'channels',
    read: () => {
      let count = 0
      for (const topic of nsqd.topics.list()) count += topic.channels.size
      return only(count)
    },
  })
  gauge(registry, {
    name: 'nsqd_clients',
    help: 'connections, by what they have done: subscribed, else published, else nothing',
    labelNames: ['role'],
    read: () => clientsByRole(nsqd),
  })
  logMetrics(registry, nsqd)
}

function clientsByRole(nsqd: Nsqd): Sample[] {
  let consumers = 0
  let producers = 0
  let others = 0
  for (const session of nsqd.statsSource().sessions) {
    if (session.channel !== undefined) consumers += 1
    else if (session.publishings.counts.length > 0) producers += 1
    else others += 1
  }
  return [
    [['consumer'], consumers],
    [['producer'], producers],
    [['none'], others],
  ]
}

function logMetrics(registry: Registry, nsqd: Nsqd): void {
  const { figures } = nsqd.topics.logContext
  counter(registry, {
    name: 'nsqd_log_commits_total',
    help: "commits handed to the operating system, each a turn's messages of a topic",
    read: () => only(figures.commits),
  })
  counter(registry, {
    name: 'nsqd_log_syncs_total',
    help: 'syncs to the device',
    read: () => only(figures.syncTimes.count),
  })
  counter(registry, {
    name: 'nsqd_log_failures_total',
    help: 'failed writes and syncs',
    labelNames: ['operation'],
    read: () => [
      [['write'], figures.writeFailures],
      [['sync'], figures.syncFailures],
    ],
  })
  histogram(registry, {
    name: 'nsqd_log_write_seconds',
    help: 'how long handing a commit to the operating system took',
    read: () => only(figures.writeTimes),
  })
  histogram(registry, {
    name: 'nsqd_log_sync_seconds',
    help: 'how long a sync took',
    read: () => only(figures.syncTimes),
  })
}
