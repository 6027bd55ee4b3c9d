import { drive } from '../drive.ts'
import { checkHeld } from './check.ts'
import { throughput } from './figures.ts'
import { publishers } from './jobs.ts'
import { startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'mpub'

export const mpub: Workload = {
  name: 'mpub',
  about: 'batched publish: MPUB over 2 connections, no channel',
  table: 'throughput',
  isPublishing: true,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run
    await using nsqd = await startWarm(run)
    const plan = { topic: TOPIC, connections: 2, ...options }
    const driven = await drive(nsqd, publishers(nsqd, options, plan))
    const published = driven.perChannel
    const problems = await checkHeld(nsqd, TOPIC, published)
    return { values: throughput(nsqd, options, driven, published), problems }
  },
}
