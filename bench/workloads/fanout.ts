import { drive } from '../drive.ts'
import { checkDrained, checkReceived } from './check.ts'
import { throughput } from './figures.ts'
import { consumers, publishers } from './jobs.ts'
import { capacityOf, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'fanout'
const CHANNELS = Array.from({ length: 8 }, (_, i) => `channel-${i}`)

export const fanout: Workload = {
  name: `fanout-${CHANNELS.length}`,
  about: `the same with ${CHANNELS.length} channels of one connection; a delivery counts once`,
  table: 'throughput',
  isPublishing: true,

  async measure(run: Run): Promise<Measurement> {
    const { options } = run
    await using nsqd = await startWarm(run)
    // As many deliveries as the other workloads have, so an eighth of the messages.
    const messages = Math.max(options.batch, Math.ceil(options.messages / CHANNELS.length))
    const plan = { topic: TOPIC, connections: 1, channels: CHANNELS }
    const capacity = capacityOf({ ...options, messages })
    const jobs = [
      ...consumers(nsqd, options, { ...plan, capacity }),
      ...publishers(nsqd, options, { ...plan, messages, seconds: options.seconds }),
    ]
    const driven = await drive(nsqd, jobs)
    const problems = checkReceived(jobs, driven.results)
    const values = throughput(nsqd, options, driven, driven.perChannel * CHANNELS.length)
    return { values, problems: [...problems, ...(await checkDrained(nsqd, TOPIC))] }
  },
}
