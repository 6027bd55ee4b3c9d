import { drive } from '../drive.ts'
import type { LatencyJob, LatencyResult } from '../generators/job.ts'
import { quantile, type Values } from '../metrics.ts'
import { checkDrained } from './check.ts'
import { peakMb } from './figures.ts'
import { CHANNEL } from './jobs.ts'
import { prepareDeferred, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'latency'
const WARM_UP_MESSAGES = 300

/**
 * Latency from publish to delivery at a fixed rate, whether or not nsqd keeps up.
 *
 * @param besideDeferred while `--messages` others are deferred on the same channel.
 */
export function latency(
  messagesPerSecond: number,
  readyCount: number,
  besideDeferred = false,
): Workload {
  const rate = messagesPerSecond.toLocaleString('en-US')
  return {
    name: `latency-${messagesPerSecond}-${besideDeferred ? 'deferred' : `rdy${readyCount}`}`,
    about: besideDeferred
      ? `the same at ${rate}/s, RDY ${readyCount}, while --messages are deferred`
      : `PUB to delivery at ${rate}/s, RDY ${readyCount}`,
    table: 'latency',
    isPublishing: true,

    async measure(run: Run): Promise<Measurement> {
      await using nsqd = await startWarm(run)
      const deferred = besideDeferred ? run.options.messages : 0
      if (deferred > 0) await prepareDeferred(nsqd, run.options, TOPIC, deferred)
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
    },
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
