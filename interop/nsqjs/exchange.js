// Sends messages through one nsqd and back, over a connection with TLS, compression or sampling as asked
// for, and prints what it saw as JSON. See interop/exchange.ts.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import nsq from 'nsqjs'

const { values: options } = parseArgs({
  options: {
    'nsqd-tcp-address': { type: 'string' },
    'nsqd-http-address': { type: 'string' },
    topic: { type: 'string' },
    messages: { type: 'string' },
    'large-bytes': { type: 'string' },
    'tls-ca': { type: 'string' },
    deflate: { type: 'string' },
    snappy: { type: 'boolean' },
    'sample-rate': { type: 'string' },
    'auth-secret': { type: 'string' },
  },
})
const count = Number(options.messages)
const { topic } = options

setTimeout(() => fail('not done after 30 s'), 30_000)
process.on('uncaughtException', (error) => fail(error.stack))
process.on('unhandledRejection', (error) => fail(error.message))

const config = {
  maxInFlight: 200,
  ...(options['tls-ca'] === undefined
    ? {}
    : { tls: true, tlsVerification: true, ca: readFileSync(options['tls-ca']) }),
  ...(options.deflate === undefined
    ? {}
    : { deflate: true, deflateLevel: Number(options.deflate) }),
  ...(options.snappy === true ? { snappy: true } : {}),
  ...(options['sample-rate'] === undefined ? {} : { sampleRate: Number(options['sample-rate']) }),
  ...(options['auth-secret'] === undefined ? {} : { authSecret: options['auth-secret'] }),
}
const report = { received: 0, distinct: 0, corrupt: 0, connections: [] }
const seen = new Set()
const reader = new nsq.Reader(topic, 'exchange', {
  ...config,
  nsqdTCPAddresses: [options['nsqd-tcp-address']],
})
reader.on('message', (message) => {
  report.received++
  const n = Number.parseInt(message.body.toString('latin1', 0, 12), 10)
  if (n >= 0 && message.body.equals(body(n))) seen.add(n)
  else report.corrupt++
  message.finish()
})
reader.on('error', (error) => fail(`reader: ${error.message}`))
await new Promise((resolve) => {
  reader.once('nsqd_connected', resolve)
  reader.connect()
})

const [host, port] = options['nsqd-tcp-address'].split(':')
const writer = new nsq.Writer(host, Number(port), config)
await new Promise((resolve) => {
  writer.once('ready', resolve)
  writer.on('error', (error) => fail(`writer: ${error.message}`))
  writer.connect()
})
for (let n = 0; n < count; n++) {
  await new Promise((resolve, reject) => {
    writer.publish(topic, body(n), (error) => (error ? reject(error) : resolve()))
  })
}
for (;;) {
  const url = `http://${options['nsqd-http-address']}/stats?format=json&topic=${topic}`
  const channel = (await (await fetch(url)).json()).topics[0]?.channels[0]
  if (channel?.message_count === count && channel.depth === 0 && channel.in_flight_count === 0) {
    report.connections = channel.clients
    break
  }
  await sleep(50)
}
report.distinct = seen.size
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))

/** A number and, so that a byte in the wrong place shows, bytes that hardly repeat. */
function body(n) {
  const size = n % 50 === 7 ? Number(options['large-bytes']) : n % 400
  const filler = Buffer.alloc(size)
  for (let i = 0; i < size; i++) filler[i] = (i * i + n) % 251
  return Buffer.concat([Buffer.from(`${n}\n`), filler])
}

function fail(sentence) {
  process.stderr.write(`nsqjs exchange: ${sentence}\n`)
  process.exit(1)
}
