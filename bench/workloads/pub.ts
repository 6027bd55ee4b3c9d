import { drive } from '../drive.ts'
import { checkHeld } from './check.ts'
import { throughput } from './figures.ts'
import { publishers } from './jobs.ts'
import { startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'pub'

/** Single publish: PUB of one, wait for its OK, again. */
export function pub(connections: number): Workload {
  return {
    name: `pub-${connections}`,
    about: `single publish: PUB, OK, PUB over ${connections} connections, no channel`,
    table: 'throughput',
    isPublishing: true,

    async measure(run: Run): Promise<Measurement> {
      const { options } = run
      await using nsqd = await startWarm(run)
      const plan = { topic: TOPIC, connections, ...options, batch: 1 }
      const driven = await drive(nsqd, publishers(nsqd, options, plan))
      const published = driven.perChannel
      const problems = await checkHeld(nsqd, TOPIC, published)
      return { values: throughput(nsqd, options, driven, published), problems }
    },
  }
}
