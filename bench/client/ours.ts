// One workload with @tsq/client: what client.ts runs in a process of its own.

import { Consumer, Producer } from '@tsq/client'

const [kind, address = '', topic = '', ...numbers] = process.argv.slice(2)
const [outstanding = 1, batchOf = 1, messages = 0, bodyBytes = 0] = numbers.map(Number)
const WARM_UP = 2_000
const body = Buffer.alloc(bodyBytes, 'x')

async function measure(run: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 }))
}

async function publish(): Promise<void> {
  await using producer = new Producer({ nsqd: address })
  await producer.connect()
  const batch = Array.from({ length: batchOf }, () => body)
  const keepUnderWay = async (calls: number): Promise<void> => {
    let left = calls
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        await (batchOf === 1 ? producer.publish(topic, body) : producer.publishMany(topic, batch))
      }
    }
    await Promise.all(Array.from({ length: outstanding }, worker))
  }
  await keepUnderWay(WARM_UP / batchOf)
  await measure(() => keepUnderWay(messages / batchOf))
}

async function consume(): Promise<void> {
  const options = { topic, channel: 'c', nsqd: address, maxInFlight: outstanding }
  await using consumer = new Consumer(options)
  await measure(async () => {
    let seen = 0
    await new Promise<void>((resolve) => {
      consumer.run(() => {
        if (++seen === messages) resolve()
      })
    })
  })
}

await (kind === 'publish' ? publish() : consume())
