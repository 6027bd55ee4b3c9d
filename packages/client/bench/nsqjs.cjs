// The same against nsqjs: NSQJS=path/of/nsqjs node bench/nsqjs.cjs HOST:PORT [messages] [body bytes]

const { Reader, Writer } = require(process.env.NSQJS ?? 'nsqjs')

const [address = '', count = '200000', size = '200'] = process.argv.slice(2)
const [host, port] = address.split(':')
const MESSAGES = Number(count)
const body = Buffer.alloc(Number(size), 'x')
const stamp = Date.now()

async function measure(name, messages, run) {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const seconds = (performance.now() - startedAt) / 1_000
  const used = process.cpuUsage(cpu)
  const perMessage = (used.user + used.system) / messages
  const rate = Math.round(messages / seconds).toLocaleString('en')
  console.log(`${name.padEnd(34)} ${rate.padStart(12)} msg/s ${perMessage.toFixed(2)} µs CPU/msg`)
}

function connected() {
  const writer = new Writer(host, Number(port))
  writer.on('error', (error) => console.error(error))
  return new Promise((resolve) => {
    writer.on('ready', () => resolve(writer))
    writer.connect()
  })
}

function publish(writer, topic, messages) {
  return new Promise((resolve, reject) => {
    writer.publish(topic, messages, (error) => (error ? reject(error) : resolve()))
  })
}

async function workers(writer, topic, messages, outstanding, what) {
  let left = messages
  const worker = async () => {
    while (left-- > 0) await publish(writer, topic, what)
  }
  await Promise.all(Array.from({ length: outstanding }, worker))
}

async function main() {
  const writer = await connected()
  const few = Math.min(MESSAGES, 20_000)
  await measure('publish, each awaited', few, () =>
    workers(writer, `js_one_${stamp}#ephemeral`, few, 1, body),
  )
  await measure('publish, 1,000 outstanding', MESSAGES, () =>
    workers(writer, `js_pipe_${stamp}#ephemeral`, MESSAGES, 1_000, body),
  )
  const batch = Array.from({ length: 200 }, () => body)
  for (const maxInFlight of [200, 2_500]) {
    const topic = `js_read_${stamp}_${maxInFlight}`
    await measure('publish lists of 200, 10 outst.', MESSAGES, () =>
      workers(writer, topic, MESSAGES / 200, 10, batch),
    )
    const reader = new Reader(topic, 'c#ephemeral', { nsqdTCPAddresses: [address], maxInFlight })
    reader.on('error', (error) => console.error(error))
    await measure(`consume, maxInFlight ${maxInFlight}`, MESSAGES, async () => {
      let seen = 0
      await new Promise((resolve) => {
        reader.on('message', (message) => {
          message.finish()
          if (++seen === MESSAGES) resolve()
        })
        reader.connect()
      })
    })
    reader.close()
  }
  writer.close()
}

void main().then(() => process.exit(0))
