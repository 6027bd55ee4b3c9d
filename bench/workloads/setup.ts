// What stands before a workload begins: a warm nsqd, and perhaps messages that wait in it.

import { setTimeout as sleep } from 'node:timers/promises'
import { drive } from '../drive.ts'
import type { PublisherResult } from '../generators/job.ts'
import { Nsqd } from '../nsqd.ts'
import type { Options } from '../options.ts'
import { resetPeak } from '../proc.ts'
import { CHANNEL, consumers, publishers } from './jobs.ts'
import type { Run } from './workload.ts'

const WARM_UP_TOPIC = 'warm-up'
const WARM_UP_MESSAGES = 100_000
const WARM_UP_SINGLES = 2_000
const BACKLOG_SECONDS = 300
const SETTLE_LIMIT_MS = 60_000
const POLL_MS = 50

/** Starts an nsqd and lets it see some of everything, so that its code is compiled. */
export async function startWarm(run: Run): Promise<Nsqd> {
  const nsqd = await Nsqd.start(run.target, run.folder)
  try {
    await warmUp(nsqd, run.options)
    await resetPeak(nsqd.pid)
    return nsqd
  } catch (error) {
    await nsqd[Symbol.asyncDispose]()
    throw error
  }
}

async function warmUp(nsqd: Nsqd, options: Options): Promise<void> {
  const base = { ...options, processes: 1 }
  const batches = { topic: WARM_UP_TOPIC, connections: 2, seconds: 1 }
  const messages = Math.min(options.messages, WARM_UP_MESSAGES)
  const batched = await drive(nsqd, publishers(nsqd, base, { ...batches, messages }))
  const singles = { ...batches, messages: WARM_UP_SINGLES, batch: 1, firstSequence: messages }
  const single = await drive(nsqd, publishers(nsqd, base, singles))
  const waiting = batched.perChannel + single.perChannel
  const capacity = messages + WARM_UP_SINGLES
  await drive(nsqd, consumers(nsqd, base, { topic: WARM_UP_TOPIC, capacity }), waiting)
  await nsqd.deleteTopic(WARM_UP_TOPIC)
}

/** Publishes what a workload needs waiting, and waits until the channel has it all. */
export async function prepareBacklog(
  nsqd: Nsqd,
  options: Options,
  topic: string,
): Promise<PublisherResult[]> {
  await nsqd.createTopic(topic)
  await nsqd.createChannel(topic, CHANNEL)
  const plan = { topic, connections: 2, messages: options.messages, seconds: BACKLOG_SECONDS }
  const { results, perChannel } = await drive(nsqd, publishers(nsqd, options, plan))
  if (perChannel < options.messages) {
    throw new Error(`published only ${perChannel} messages in ${BACKLOG_SECONDS} s`)
  }
  await untilDepth(nsqd, topic, perChannel)
  return results.filter((result) => result.role === 'publisher')
}

/** Publishes `messages` that wait on the channel until `dueAtMs` (Unix ms). */
export async function prepareDeferred(
  nsqd: Nsqd,
  options: Options,
  topic: string,
  messages: number,
  dueAtMs: number,
): Promise<void> {
  await nsqd.createTopic(topic)
  await nsqd.createChannel(topic, CHANNEL)
  const single = { connections: 64, batch: 1, dueAtMs }
  await drive(
    nsqd,
    publishers(nsqd, options, { topic, ...single, messages, seconds: BACKLOG_SECONDS }),
  )
  const deferred = (await nsqd.channels(topic)).get(CHANNEL)?.deferred
  if (deferred !== messages) throw new Error(`${messages} were deferred, nsqd counts ${deferred}`)
}

/** Waits until the topic's channel holds exactly this many. */
export async function untilDepth(nsqd: Nsqd, topic: string, messages: number): Promise<void> {
  const deadline = performance.now() + SETTLE_LIMIT_MS
  for (;;) {
    const depth = (await nsqd.channels(topic)).get(CHANNEL)?.depth
    if (depth === messages) return
    if (performance.now() > deadline) {
      throw new Error(`the channel's depth is ${depth}, not the ${messages} published`)
    }
    await sleep(POLL_MS)
  }
}

/** How many sequence numbers a backlog or a run of `--messages` can have. */
export function capacityOf(options: Options): number {
  return Math.ceil(options.messages / options.batch) * options.batch
}
