// Jobs for the generator processes, shared out over `--processes`.

import type { ConsumerJob, PublisherJob } from '../generators/job.ts'
import type { Nsqd } from '../nsqd.ts'
import type { Options } from '../options.ts'

/** The one channel of a workload that needs only one. */
export const CHANNEL = 'channel'

// bench_reader's, and the most that nsqd allows unless told otherwise.
const CONSUMER_READY_COUNT = 2_500

export interface PublishPlan {
  readonly topic: string
  readonly connections: number
  readonly messages: number
  readonly seconds: number
  /** `--batch` unless given. */
  readonly batch?: number
  readonly firstSequence?: number
  /** Unix ms to which all are deferred; only with a batch of 1. */
  readonly dueAtMs?: number
}

export function publishers(nsqd: Nsqd, options: Options, plan: PublishPlan): PublisherJob[] {
  const { topic, seconds, batch = options.batch, firstSequence = 0, dueAtMs = 0 } = plan
  const { bodyBytes, outstanding } = options
  const processes = Math.min(options.processes, plan.connections)
  const batches = Math.ceil(plan.messages / batch)
  return Array.from({ length: processes }, (_, i) => {
    const from = Math.floor((batches * i) / processes)
    const to = Math.floor((batches * (i + 1)) / processes)
    return {
      role: 'publisher',
      port: nsqd.tcpPort,
      topic,
      connections: share(plan.connections, i, processes),
      batch,
      dueAtMs,
      bodyBytes,
      outstanding,
      firstSequence: firstSequence + from * batch,
      messages: (to - from) * batch,
      seconds,
    }
  })
}

export interface ConsumePlan {
  readonly topic: string
  readonly channels?: readonly string[]
  /** For each channel; 2 unless given. */
  readonly connections?: number
  readonly capacity: number
}

/** Processes share the channels out when there are several, and else the connections. */
export function consumers(nsqd: Nsqd, options: Options, plan: ConsumePlan): ConsumerJob[] {
  const { topic, channels = [CHANNEL], connections = 2, capacity } = plan
  const isByChannel = channels.length > 1
  const processes = Math.min(options.processes, isByChannel ? channels.length : connections)
  return Array.from({ length: processes }, (_, i) => ({
    role: 'consumer',
    port: nsqd.tcpPort,
    topic,
    channels: isByChannel ? channels.filter((_name, n) => n % processes === i) : channels,
    connections: isByChannel ? connections : share(connections, i, processes),
    readyCount: CONSUMER_READY_COUNT,
    bodyBytes: options.bodyBytes,
    capacity,
  }))
}

function share(whole: number, index: number, parts: number): number {
  return Math.floor((whole * (index + 1)) / parts) - Math.floor((whole * index) / parts)
}
