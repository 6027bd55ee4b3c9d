import { drive } from '../drive.ts'
import { checkDrained, checkReceived } from './check.ts'
import { throughput } from './figures.ts'
import { consumers } from './jobs.ts'
import { capacityOf, prepareBacklog, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'sub'

export const sub: Workload = {
  name: 'sub',
  about: 'subscribe and FIN a backlog just published, 2 connections, RDY 2500',
  table: 'throughput',
  isPublishing: false,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run
    await using nsqd = await startWarm(run)
    const backlog = await prepareBacklog(nsqd, options, TOPIC)
    const jobs = consumers(nsqd, options, { topic: TOPIC, capacity: capacityOf(options) })
    const driven = await drive(nsqd, jobs, capacityOf(options))
    const problems = checkReceived(jobs, driven.results, backlog)
    const values = throughput(nsqd, options, driven, driven.perChannel)
    return { values, problems: [...problems, ...(await checkDrained(nsqd, TOPIC))] }
  },
}
