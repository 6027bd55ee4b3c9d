// Runs generator processes against an nsqd to their common end.

import { setTimeout as sleep } from 'node:timers/promises'
import { GeneratorProcess } from './generator.ts'
import type { Job, Progress, Result } from './generators/job.ts'
import type { Nsqd } from './nsqd.ts'
import { cpuMicrosBetween, readCpu } from './proc.ts'

const POLL_MS = 10
const STALL_LIMIT_MS = 20_000
const RUN_LIMIT_MS = 900_000

export interface Driven {
  /** In the order of the jobs. */
  readonly results: readonly Result[]
  /** Messages published, and messages waiting before. */
  readonly perChannel: number
  readonly seconds: number
  readonly serverCpuMicros: number | undefined
  readonly generatorCpuMicros: number
}

/**
 * Runs the jobs until all is published and received.
 *
 * @param jobs in the order in which they start: consumers before publishers.
 * @param waiting messages that each channel holds already.
 * @param settled waits for what nsqd still does with the messages, so that its CPU counts too.
 */
export async function drive(
  nsqd: Nsqd,
  jobs: readonly Job[],
  waiting = 0,
  settled: (perChannel: number) => Promise<void> = async () => {},
): Promise<Driven> {
  const generators: GeneratorProcess[] = []
  try {
    for (const job of jobs) generators.push(await GeneratorProcess.launch(job))
    const before = readCpu(nsqd.pid)
    for (const generator of generators) await generator.start()
    const perChannel = await untilDone(generators, waiting)
    await settled(perChannel)
    const serverCpuMicros = cpuMicrosBetween(before, readCpu(nsqd.pid))
    const finished = await Promise.all(generators.map((generator) => generator.finish()))
    const results = finished.map(({ result }) => result)
    const startedAtNs = Math.min(...results.map((result) => result.startedAtNs))
    const endedAtNs = Math.max(...results.map((result) => result.endedAtNs))
    return {
      results,
      perChannel,
      seconds: (endedAtNs - startedAtNs) / 1e9,
      serverCpuMicros,
      generatorCpuMicros: finished.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0),
    }
  } finally {
    await Promise.all(generators.map((generator) => generator[Symbol.asyncDispose]()))
  }
}

/** @returns how many messages each channel has had. */
async function untilDone(
  generators: readonly GeneratorProcess[],
  waiting: number,
): Promise<number> {
  const startedAt = performance.now()
  let movedAt = startedAt
  let messages = -1
  for (;;) {
    const states = await Promise.all(
      generators.map(async (generator) => ({
        job: generator.job,
        progress: await generator.progress(),
      })),
    )
    const failure = states.find(({ progress }) => progress.failure !== undefined)
    if (failure !== undefined) throw new Error(failure.progress.failure)
    if (isDone(states, waiting)) return published(states, waiting)
    const now = performance.now()
    const sum = states.reduce((total, { progress }) => total + progress.messages, 0)
    if (sum !== messages) movedAt = now
    messages = sum
    if (now - movedAt > STALL_LIMIT_MS) {
      throw new Error(`nothing has moved for ${STALL_LIMIT_MS / 1000} s, at ${sum} messages`)
    }
    if (now - startedAt > RUN_LIMIT_MS) {
      throw new Error(`not at its end after ${RUN_LIMIT_MS / 1000} s, at ${sum} messages`)
    }
    await sleep(POLL_MS)
  }
}

interface State {
  readonly job: Job
  readonly progress: Progress
}

function isDone(states: readonly State[], waiting: number): boolean {
  const channels = new Set<string>()
  let received = 0
  for (const { job, progress } of states) {
    if (job.role === 'consumer') {
      received += progress.messages
      for (const channel of job.channels) channels.add(channel)
    } else if (!progress.isDone) {
      return false
    }
  }
  return received >= published(states, waiting) * channels.size
}

function published(states: readonly State[], waiting: number): number {
  return states.reduce(
    (sum, { job, progress }) => sum + (job.role === 'publisher' ? progress.messages : 0),
    waiting,
  )
}
