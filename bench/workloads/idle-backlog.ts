import { idleFigures } from './figures.ts'
import { prepareBacklog, startWarm } from './setup.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const TOPIC = 'idle-backlog'

export const idleBacklog: Workload = {
  name: 'idle-backlog',
  about: 'memory and CPU while --messages wait on one channel',
  table: 'idle',
  isPublishing: false,
  repeats: 1,

  async measure(run: Run): Promise<Measurement> {
    await using nsqd = await startWarm(run)
    await prepareBacklog(nsqd, run.options, TOPIC)
    return { values: await idleFigures(nsqd, run.options), problems: [] }
  },
}
