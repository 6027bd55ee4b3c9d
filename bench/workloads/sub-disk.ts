import { drive } from '../drive.ts'
import type { PublisherResult } from '../generators/job.ts'
import { Nsqd } from '../nsqd.ts'
import { checkDrained, checkReceived } from './check.ts'
import { throughput } from './figures.ts'
import { consumers } from './jobs.ts'
import { capacityOf, prepareBacklog, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'sub-disk'

export const subDisk: Workload = {
  name: 'sub-disk',
  about: 'the same after a restart, so that the backlog comes out of files',
  table: 'throughput',
  isPublishing: false,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run
    const backlog = await leaveBacklog(run)
    await using nsqd = await startWarm(run)
    const jobs = consumers(nsqd, options, { topic: TOPIC, capacity: capacityOf(options) })
    const driven = await drive(nsqd, jobs, capacityOf(options))
    const problems = checkReceived(jobs, driven.results, backlog)
    const values = {
      ...throughput(nsqd, options, driven, driven.perChannel),
      startSeconds: nsqd.startSeconds,
    }
    return { values, problems: [...problems, ...(await checkDrained(nsqd, TOPIC))] }
  },
}

async function leaveBacklog(run: Run): Promise<PublisherResult[]> {
  await using nsqd = await Nsqd.start(run.target, run.folder)
  const backlog = await prepareBacklog(nsqd, run.options, TOPIC)
  await nsqd.stop()
  return backlog
}
