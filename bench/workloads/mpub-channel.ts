import { drive } from '../drive.ts'
import { throughput } from './figures.ts'
import { CHANNEL, publishers } from './jobs.ts'
import { startWarm, untilDepth } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'mpub-channel'

export const mpubChannel: Workload = {
  name: 'mpub-channel',
  about: 'the same with one channel, without consumers; CPU until it holds all',
  table: 'throughput',
  isPublishing: true,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run
    await using nsqd = await startWarm(run)
    await nsqd.createTopic(TOPIC)
    await nsqd.createChannel(TOPIC, CHANNEL)
    const jobs = publishers(nsqd, options, { topic: TOPIC, connections: 2, ...options })
    const driven = await drive(nsqd, jobs, 0, (count) => untilDepth(nsqd, TOPIC, count))
    return { values: throughput(nsqd, options, driven, driven.perChannel), problems: [] }
  },
}
