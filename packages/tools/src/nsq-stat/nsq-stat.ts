// Looks at a channel every now and then, on all nsqd that have its topic, and prints what it sees.

import { setTimeout as sleep } from 'node:timers/promises'

import { type ChannelStats, ClusterInfo, mergeChannels } from '@tsq/clusterinfo'
import { MAX_TIMER_MS } from '@tsq/daemon'

import { FatalError } from '../common/fatal-error.ts'
import { figuresOf, figuresOfNodes } from './figures.ts'
import type { NsqStatOptions } from './options.ts'
import type { Output } from './outputs.ts'

/**
 * Looks until `--count` rows are printed.
 *
 * @throws {FatalError} as soon as one server does not answer as it should.
 */
export async function watchChannel(values: NsqStatOptions, output: Output): Promise<void> {
  const { intervalMs, count = Infinity } = values
  const cluster = new ClusterInfo({
    lookupds: values.lookupdHttpAddresses,
    nsqds: values.nsqdHttpAddresses,
    connectTimeoutMs: values.connectTimeoutMs,
    requestTimeoutMs: values.requestTimeoutMs,
  })
  try {
    let before: ChannelStats | undefined
    for (let round = 0; round <= count; round++) {
      if (round > 0) await sleep(Math.min(intervalMs, MAX_TIMER_MS))
      output.header(round)
      const now = await lookAt(cluster, values)
      if (before !== undefined) {
        const nodes = figuresOfNodes(before, now, intervalMs)
        output.row(figuresOf(before, now, intervalMs), nodes)
      }
      before = now
    }
  } finally {
    cluster.close()
  }
}

async function lookAt(
  cluster: ClusterInfo,
  { topic, channel }: NsqStatOptions,
): Promise<ChannelStats> {
  const nodes = await complete('get topic producers', cluster.topicNodes(topic))
  const stats = await complete('get nsqd stats', cluster.stats(nodes, { topic, channel }))
  const channels = mergeChannels(stats.flatMap((node) => node.channels ?? []))
  const found = channels.find(({ channel_name }) => channel_name === channel)
  if (found !== undefined) return found
  throw new FatalError(
    `ERROR: failed to find channel(${channel}) in stats metadata for topic(${topic})`,
  )
}

/** Sums without one of the servers would mislead. @throws {FatalError} */
async function complete<T>(
  what: string,
  asked: Promise<{ readonly value: T; readonly warnings: readonly string[] }>,
): Promise<T> {
  let reason: string
  let cause: unknown
  try {
    const { value, warnings } = await asked
    if (warnings.length === 0) return value
    reason = warnings.join('; ')
  } catch (error) {
    cause = error
    reason = error instanceof Error ? error.message : String(error)
  }
  throw new FatalError(`ERROR: failed to ${what} - ${reason}`, { cause })
}
