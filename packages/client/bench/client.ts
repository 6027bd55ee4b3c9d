// Publish and consume rates of this client against one nsqd: node bench/client.js HOST:PORT [messages] [body bytes]

import { Consumer, Producer } from '../src/index.ts'

const [address = '', count = '200000', size = '200'] = process.argv.slice(2)
const MESSAGES = Number(count)
const body = Buffer.alloc(Number(size), 'x')
const stamp = Date.now()

async function measure(name: string, messages: number, run: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const seconds = (performance.now() - startedAt) / 1_000
  const used = process.cpuUsage(cpu)
  const perMessage = (used.user + used.system) / messages
  const rate = Math.round(messages / seconds).toLocaleString('en')
  console.log(`${name.padEnd(34)} ${rate.padStart(12)} msg/s ${perMessage.toFixed(2)} µs CPU/msg`)
}

async function publishOneByOne(): Promise<void> {
  await using producer = new Producer({ nsqd: address })
  await producer.connect()
  const messages = Math.min(MESSAGES, 20_000)
  await measure('publish, each awaited', messages, async () => {
    for (let i = 0; i < messages; i++) await producer.publish(`one_${stamp}#ephemeral`, body)
  })
}

async function publishPipelined(): Promise<void> {
  await using producer = new Producer({ nsqd: address })
  await producer.connect()
  await measure('publish, 1,000 outstanding', MESSAGES, async () => {
    let left = MESSAGES
    const worker = async (): Promise<void> => {
      while (left-- > 0) await producer.publish(`pipe_${stamp}#ephemeral`, body)
    }
    await Promise.all(Array.from({ length: 1_000 }, worker))
  })
}

async function publishGathered(): Promise<void> {
  await using producer = new Producer({ nsqd: address, batchMaxMessages: 200 })
  await producer.connect()
  await measure('publish, gathered up to 200', MESSAGES, async () => {
    let left = MESSAGES
    const worker = async (): Promise<void> => {
      while (left-- > 0) await producer.publish(`gather_${stamp}#ephemeral`, body)
    }
    await Promise.all(Array.from({ length: 2_000 }, worker))
  })
}

async function publishBatches(topic: string, messages: number): Promise<void> {
  await using producer = new Producer({ nsqd: address })
  await producer.connect()
  const batch = Array.from({ length: 200 }, () => body)
  await measure('publishMany of 200, 10 outstanding', messages, async () => {
    let left = messages / 200
    const worker = async (): Promise<void> => {
      while (left-- > 0) await producer.publishMany(topic, batch)
    }
    await Promise.all(Array.from({ length: 10 }, worker))
  })
}

async function consume(maxInFlight: number, isAsync: boolean): Promise<void> {
  const topic = `read_${stamp}_${maxInFlight}_${isAsync}`
  await publishBatches(topic, MESSAGES)
  const consumer = new Consumer({ topic, channel: 'c#ephemeral', nsqd: address, maxInFlight })
  const kind = isAsync ? 'async handler' : 'plain handler'
  await measure(`consume, maxInFlight ${maxInFlight}, ${kind}`, MESSAGES, async () => {
    let seen = 0
    await new Promise<void>((resolve) => {
      const count1 = (): void => {
        if (++seen === MESSAGES) resolve()
      }
      // oxlint-disable-next-line require-await -- the cost of an async handler is what is measured
      consumer.run(isAsync ? async () => count1() : count1)
    })
  })
  await consumer.close()
}

await publishOneByOne()
await publishPipelined()
await publishGathered()
for (const isAsync of [false, true]) {
  await consume(200, isAsync)
  await consume(2_500, isAsync)
}
