import { Nsqd } from '../nsqd.ts'
import { idleFigures } from './figures.ts'
import { CHANNEL } from './jobs.ts'
import type { Measurement, Run, Workload } from './workload.ts'

const CREATORS = 8
const CREATE_LIMIT_SECONDS = 600

export const idleTopics: Workload = {
  name: 'idle-topics',
  about: 'the same with --topics of one channel each, and the time to create them over HTTP',
  table: 'idle',
  isPublishing: false,
  repeats: 1,

  async measure(run: Run): Promise<Measurement> {
    await using nsqd = await Nsqd.start(run.target, run.folder)
    const createSeconds = await createTopics(nsqd, run.options.topics)
    const values = { createSeconds, ...(await idleFigures(nsqd, run.options)) }
    return { values, problems: [] }
  },
}

async function createTopics(nsqd: Nsqd, count: number): Promise<number> {
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1000
  let created = 0
  const create = async (): Promise<void> => {
    while (created < count) {
      const topic = `topic-${created}`
      created += 1
      await nsqd.createTopic(topic)
      await nsqd.createChannel(topic, CHANNEL)
      if (seconds() > CREATE_LIMIT_SECONDS) {
        throw new Error(`created only ${created} topics in ${CREATE_LIMIT_SECONDS} s`)
      }
    }
  }
  await Promise.all(Array.from({ length: CREATORS }, create))
  return seconds()
}
