import { setTimeout as sleep } from 'node:timers/promises'
import type { Driven } from '../drive.ts'
import type { Values } from '../metrics.ts'
import type { Nsqd } from '../nsqd.ts'
import type { Options } from '../options.ts'
import { cpuMicrosBetween, peakResidentBytes, readCpu, residentBytes } from '../proc.ts'

const SETTLE_MS = 2_000

/** @param count what the rate and the CPU are divided by. */
export function throughput(nsqd: Nsqd, options: Options, driven: Driven, count: number): Values {
  const { seconds, serverCpuMicros, generatorCpuMicros } = driven
  const rate = count / seconds
  return {
    rate,
    megabytesPerSecond: (rate * options.bodyBytes) / 1e6,
    serverMicros: serverCpuMicros && serverCpuMicros / count,
    generatorMicros: generatorCpuMicros / count,
    peakMb: peakMb(nsqd),
  }
}

export function peakMb(nsqd: Nsqd): number | undefined {
  const bytes = peakResidentBytes(nsqd.pid)
  return bytes && bytes / 1e6
}

/** Of an nsqd that nobody uses, over twice `--seconds`. */
export async function idleFigures(nsqd: Nsqd, options: Options): Promise<Values> {
  await sleep(SETTLE_MS)
  const seconds = options.seconds * 2
  const before = readCpu(nsqd.pid)
  await sleep(seconds * 1000)
  const cpuMicros = cpuMicrosBetween(before, readCpu(nsqd.pid))
  const resident = residentBytes(nsqd.pid)
  return {
    idleCpuPercent: cpuMicros && cpuMicros / 1e4 / seconds,
    residentMb: resident && resident / 1e6,
    peakMb: peakMb(nsqd),
  }
}
