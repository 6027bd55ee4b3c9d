// Runs the plan of interop/plan.ts through nsqjs and prints what it saw as JSON.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import nsq from 'nsqjs'
import { Channel } from './channel.js'

const MAX_OUTSTANDING_PUBLISHES = 16

const { values: options } = parseArgs({
  options: {
    'nsqd-tcp-address': { type: 'string' },
    'nsqd-http-address': { type: 'string' },
    topic: { type: 'string' },
    plan: { type: 'string' },
    deadline: { type: 'string', default: '60s' },
  },
})

setTimeout(() => fail(`not done after ${options.deadline}`), parseFloat(options.deadline) * 1000)
try {
  process.stdout.write(`${JSON.stringify(await run(readPlan(options.plan)))}\n`, () =>
    process.exit(0),
  )
} catch (error) {
  fail(error.message)
}

function fail(sentence) {
  process.stderr.write(`nsqjs scenario: ${sentence}\n`)
  process.exit(1)
}

function readPlan(path) {
  const plan = JSON.parse(readFileSync(path, 'utf8'))
  for (const message of plan.messages) message.bytes = Buffer.from(message.body, 'base64')
  for (const { first, count, delayMs } of plan.publications) {
    for (let n = first; n < first + count; n++) plan.messages[n].deferMs = delayMs
  }
  return plan
}

async function run(plan) {
  const { topic } = options
  // Both channels must stand before the first publish: each is to get every message.
  await post('/topic/create', { topic })
  const channels = []
  for (const { name, consumers } of plan.channels) {
    await post('/channel/create', { topic, channel: name })
    const channel = new Channel(name, plan)
    channel.connect(topic, options['nsqd-tcp-address'], consumers)
    channels.push(channel)
  }

  const published = await publish(plan, topic)
  await until(() => channels.every((channel) => channel.isComplete()))
  while ((await countHeld(topic)) > 0) await sleep(50)
  for (const channel of channels) channel.answerLate()
  await until(() => channels.every((channel) => channel.areLateAnswersRefused()))
  for (const channel of channels) channel.close()

  let idMismatches = 0
  for (const [n, id] of channels[0].ids) {
    for (const channel of channels) if (channel.ids.get(n) !== id) idMismatches++
  }
  return {
    client: 'nsqjs',
    version: createRequire(import.meta.url)('nsqjs/package.json').version,
    published,
    channels: Object.fromEntries(channels.map((channel) => [channel.name, channel.report()])),
    idMismatches,
    errors: channels.flatMap((channel) => channel.errors),
  }
}

async function publish(plan, topic) {
  const [host, port] = options['nsqd-tcp-address'].split(':')
  const writer = new nsq.Writer(host, Number(port))
  writer.connect()
  await new Promise((resolve, reject) => {
    writer.once('ready', resolve)
    writer.on('error', reject)
  })

  const published = { PUB: 0, MPUB: 0, DPUB: 0 }
  const queue = plan.publications.values()
  await Promise.all(
    Array.from({ length: MAX_OUTSTANDING_PUBLISHES }, async () => {
      for (const publication of queue) {
        await publishOne(writer, topic, plan, publication)
        published[publication.command] += publication.count
      }
    }),
  )
  writer.close()
  return published
}

function publishOne(writer, topic, plan, { command, first, count, delayMs }) {
  const bodies = plan.messages.slice(first, first + count).map((message) => message.bytes)
  return new Promise((resolve, reject) => {
    const answered = (error) => (error ? reject(error) : resolve())
    // nsqjs chooses PUB or MPUB by the number of bodies.
    if (command === 'DPUB') writer.deferPublish(topic, bodies, delayMs, answered)
    else writer.publish(topic, bodies, answered)
  })
}

async function until(condition) {
  while (!condition()) await sleep(10)
}

/** How many messages nsqd still holds for the topic, in any state. */
async function countHeld(topic) {
  const query = new URLSearchParams({ format: 'json', topic })
  const response = await fetch(`http://${options['nsqd-http-address']}/stats?${query}`)
  const stats = await response.json()
  let held = 0
  for (const { depth, channels } of stats.topics) {
    held += depth
    for (const channel of channels) {
      held += channel.depth + channel.in_flight_count + channel.deferred_count
    }
  }
  return held
}

async function post(path, values) {
  const url = `http://${options['nsqd-http-address']}${path}?${new URLSearchParams(values)}`
  const response = await fetch(url, { method: 'POST' })
  if (!response.ok) {
    throw new Error(`${path} answered ${response.status} ${await response.text()}`)
  }
}
