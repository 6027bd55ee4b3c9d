import { setTimeout as sleep } from 'node:timers/promises'
import { drive } from '../drive.ts'
import type { LatencyJob, LatencyResult } from '../generators/job.ts'
import { quantile, type Values } from '../metrics.ts'
import type { Nsqd } from '../nsqd.ts'
import { checkDrained } from './check.ts'
import { peakMb } from './figures.ts'
import { CHANNEL } from './jobs.ts'
import { prepareDeferred, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'latency'
const DUE_TOPIC = 'due'
const WARM_UP_MESSAGES = 300

const HOUR_MS = 3_600_000
/** Enough to publish a million singly. */
const DUE_AFTER_MS = 90_000
/** So long before that moment measuring begins. */
const LEAD_MS = 2_000

/** Latency from publish to delivery at a fixed rate, whether or not nsqd keeps up. */
export function latency(messagesPerSecond: number, readyCount: number): Workload {
  return {
    name: `latency-${messagesPerSecond}-rdy${readyCount}`,
    about: `PUB to delivery at ${rateOf(messagesPerSecond)}, RDY ${readyCount}`,
    table: 'latency',
    isPublishing: true,

    async measure(run: Run): Promise<Measurement> {
      await using nsqd = await startWarm(run)
      return await measureLatency(nsqd, run, messagesPerSecond, readyCount, 0)
    },
  }
}

/** The same while `--messages` others are deferred by an hour on the same channel. */
export function latencyWhileDeferred(messagesPerSecond: number, readyCount: number): Workload {
  return {
    name: `latency-${messagesPerSecond}-deferred`,
    about: `the same at ${rateOf(messagesPerSecond)}, RDY ${readyCount}, while --messages are deferred`,
    table: 'latency',
    isPublishing: true,

    async measure(run: Run): Promise<Measurement> {
      await using nsqd = await startWarm(run)
      const { messages } = run.options
      await prepareDeferred(nsqd, run.options, TOPIC, messages, Date.now() + HOUR_MS)
      return await measureLatency(nsqd, run, messagesPerSecond, readyCount, messages)
    },
  }
}

/** The same while `--messages` on a channel that nobody reads come due, all at one moment. */
export function latencyWhileDue(messagesPerSecond: number, readyCount: number): Workload {
  return {
    name: `latency-${messagesPerSecond}-due`,
    about: `the same at ${rateOf(messagesPerSecond)}, RDY ${readyCount}, while --messages elsewhere come due at once`,
    table: 'latency',
    isPublishing: true,

    async measure(run: Run): Promise<Measurement> {
      await using nsqd = await startWarm(run)
      const dueAtMs = Date.now() + DUE_AFTER_MS
      await prepareDeferred(nsqd, run.options, DUE_TOPIC, run.options.messages, dueAtMs)
      const leftMs = dueAtMs - LEAD_MS - Date.now()
      if (leftMs < 0) throw new Error('publishing what is to come due took too long')
      await sleep(leftMs)
      return await measureLatency(nsqd, run, messagesPerSecond, readyCount, 0)
    },
  }
}

function rateOf(messagesPerSecond: number): string {
  return `${messagesPerSecond.toLocaleString('en-US')}/s`
}

/** @param deferred messages that stay on the channel. */
async function measureLatency(
  nsqd: Nsqd,
  run: Run,
  messagesPerSecond: number,
  readyCount: number,
  deferred: number,
): Promise<Measurement> {
  const job: LatencyJob = {
    role: 'latency',
    port: nsqd.tcpPort,
    topic: TOPIC,
    channel: CHANNEL,
    messagesPerSecond,
    readyCount,
    bodyBytes: run.options.bodyBytes,
    warmUpMessages: WARM_UP_MESSAGES,
    messages: messagesPerSecond * run.options.seconds,
  }
  const driven = await drive(nsqd, [job])
  const [result] = driven.results
  if (result?.role !== 'latency') throw new Error('the generator did not measure latency')
  const total = job.messages + job.warmUpMessages
  const { serverCpuMicros, generatorCpuMicros } = driven
  const values = {
    ...percentiles(result),
    serverMicros: serverCpuMicros && serverCpuMicros / total,
    generatorMicros: generatorCpuMicros / total,
    peakMb: peakMb(nsqd),
  }
  return {
    values,
    problems: [...faults(result), ...(await checkDrained(nsqd, TOPIC, deferred))],
  }
}

function percentiles({ latenciesNs, sendLagsNs }: LatencyResult): Values {
  return {
    p50Ms: quantileMs(latenciesNs, 0.5),
    p90Ms: quantileMs(latenciesNs, 0.9),
    p99Ms: quantileMs(latenciesNs, 0.99),
    p999Ms: quantileMs(latenciesNs, 0.999),
    maxMs: (latenciesNs.at(-1) ?? 0) / 1e6,
    sendLagP99Ms: quantileMs(sendLagsNs, 0.99),
  }
}

function quantileMs(sortedNs: Float64Array, q: number): number | undefined {
  const ns = quantile(sortedNs, q)
  return ns && ns / 1e6
}

function faults({ missing, duplicates, stray }: LatencyResult): string[] {
  if (missing + duplicates + stray === 0) return []
  return [`${missing} missing, ${duplicates} more than once, ${stray} not those published`]
}
