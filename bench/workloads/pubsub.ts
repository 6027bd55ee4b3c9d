import { drive } from '../drive.ts'
import { checkDrained, checkReceived } from './check.ts'
import { throughput } from './figures.ts'
import { consumers, publishers } from './jobs.ts'
import { capacityOf, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'pubsub'

export const pubsub: Workload = {
  name: 'pubsub',
  about: 'MPUB over 2 connections while 2 others subscribe and FIN; a message counts once',
  table: 'throughput',
  isPublishing: true,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run
    await using nsqd = await startWarm(run)
    const jobs = [
      ...consumers(nsqd, options, { topic: TOPIC, capacity: capacityOf(options) }),
      ...publishers(nsqd, options, { topic: TOPIC, connections: 2, ...options }),
    ]
    const driven = await drive(nsqd, jobs)
    const problems = checkReceived(jobs, driven.results)
    const values = throughput(nsqd, options, driven, driven.perChannel)
    return { values, problems: [...problems, ...(await checkDrained(nsqd, TOPIC))] }
  },
}
