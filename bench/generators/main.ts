// A generator process: does one job for the benchmark that forked it, and ends with it.

import { Consumer } from './consumer.ts'
import type { Generator, Job, Reply, Request } from './job.ts'
import { Latency } from './latency.ts'
import { Publisher } from './publisher.ts'

let generator: Generator | undefined
let cpuAtStart = process.cpuUsage()

function make(job: Job): Generator {
  if (job.role === 'publisher') return new Publisher(job)
  if (job.role === 'consumer') return new Consumer(job)
  return new Latency(job)
}

async function answer(request: Request): Promise<Reply> {
  if (request.kind === 'prepare') {
    generator = make(request.job)
    await generator.prepare()
    return { kind: 'done' }
  }
  if (generator === undefined) throw new Error(`${request.kind} before prepare`)
  if (request.kind === 'start') {
    cpuAtStart = process.cpuUsage()
    generator.start()
    return { kind: 'done' }
  }
  if (request.kind === 'progress') return { kind: 'progress', progress: generator.progress() }
  const { user, system } = process.cpuUsage(cpuAtStart)
  return { kind: 'result', result: generator.finish(), cpuMicros: user + system }
}

async function serve(request: Request): Promise<void> {
  try {
    process.send?.(await answer(request))
  } catch (error) {
    process.send?.({ kind: 'failed', reason: String(error) } satisfies Reply)
  }
}

process.on('message', (request: Request) => void serve(request))
process.on('disconnect', () => process.exit())
