// One workload with nsqjs: what client.ts runs in a process of its own.

const { Reader, Writer } = require(process.env.NSQJS)

const [kind, address = '', topic = '', ...numbers] = process.argv.slice(2)
const [outstanding = 1, batchOf = 1, messages = 0, bodyBytes = 0] = numbers.map(Number)
const [host, port] = address.split(':')
const WARM_UP = 2_000
const body = Buffer.alloc(bodyBytes, 'x')

async function measure(run) {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 }))
}

function connected() {
  const writer = new Writer(host, Number(port))
  writer.on('error', (error) => console.error(error))
  return new Promise((resolve) => {
    writer.on('ready', () => resolve(writer))
    writer.connect()
  })
}

async function publish() {
  const writer = await connected()
  const batch = Array.from({ length: batchOf }, () => body)
  const publishOnce = () =>
    new Promise((resolve, reject) => {
      const onAnswer = (error) => (error ? reject(error) : resolve())
      writer.publish(topic, batchOf === 1 ? body : batch, onAnswer)
    })
  const keepUnderWay = async (calls) => {
    let left = calls
    const worker = async () => {
      while (left-- > 0) await publishOnce()
    }
    await Promise.all(Array.from({ length: outstanding }, worker))
  }
  await keepUnderWay(WARM_UP / batchOf)
  await measure(() => keepUnderWay(messages / batchOf))
}

function consume() {
  const options = { nsqdTCPAddresses: [address], maxInFlight: outstanding }
  const reader = new Reader(topic, 'c', options)
  reader.on('error', (error) => console.error(error))
  return measure(async () => {
    let seen = 0
    await new Promise((resolve) => {
      reader.on('message', (message) => {
        message.finish()
        if (++seen === messages) resolve()
      })
      reader.connect()
    })
  })
}

void (kind === 'publish' ? publish() : consume()).then(() => process.exit(0))
