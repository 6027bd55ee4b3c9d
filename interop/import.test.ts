// Data paths written by nsqd 1.3.0 under load, stopped cleanly or killed, and then started by ours. What must arrive is
// told by nsqd 1.3.0 itself, started on a copy.
import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildReference } from './build.ts'
import { repositoryFolder } from './folders.ts'
import { prepareOrSkip } from './skip.ts'
import { Wire, type WireMessage } from './wire.ts'

const BATCH = 50
const BATCHES = 160
const HOUR_MS = 3_600_000
const QUIET_MS = 300
const TIMEOUT_MS = 60_000
const PROGRAMS = join(repositoryFolder, 'packages', 'tsq', 'bin')
/** Small, so that messages are in memory and in many files. */
const LIMITS = ['--mem-queue-size=300', '--max-bytes-per-file=100000', '--sync-every=100']

interface Running {
  readonly process: ChildProcess
  readonly tcp: string
  readonly http: string
  readonly log: string[]
}

/** A nsqd on a data path that outlives it. */
async function start(
  t: TestContext,
  command: readonly string[],
  dataPath: string,
  flags: readonly string[],
): Promise<Running> {
  const listening = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
  const [program = '', ...leading] = command
  const args = [...leading, `--data-path=${dataPath}`, ...listening, ...flags]
  const process = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => process.kill('SIGKILL'))
  const log: string[] = []
  const lines = createInterface({ input: process.stderr })
  const found = { TCP: '', HTTP: '' }
  await new Promise<void>((resolve, reject) => {
    process.once('exit', () => reject(new Error(`nsqd ended:\n${log.join('\n')}`)))
    lines.on('line', (line) => {
      log.push(line)
      const [, kind, address = ''] = /(TCP|HTTP): listening on (\S+)/.exec(line) ?? []
      if (kind === 'TCP' || kind === 'HTTP') found[kind] = address
      if (found.TCP !== '' && found.HTTP !== '') resolve()
    })
  })
  return { process, tcp: found.TCP, http: found.HTTP, log }
}

async function end({ process }: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const exited = once(process, 'exit')
  process.kill(signal)
  await exited
}

async function post({ http }: Running, pathAndQuery: string): Promise<void> {
  const response = await fetch(`http://${http}${pathAndQuery}`, { method: 'POST' })
  assert.equal(response.status, 200, pathAndQuery)
}

/** Bodies of all sizes; the number in front tells them apart, the rest follows from it. */
function bodyOf(number: number): Buffer {
  const size = number % 997 === 0 ? 60_000 : 20 + ((number * 37) % 300)
  const body = Buffer.alloc(size, 97 + (number % 26))
  body.write(`${number}:`)
  return body
}

function numberOf(body: Buffer): number {
  const number = Number.parseInt(body.toString('latin1', 0, 12), 10)
  assert.ok(body.equals(bodyOf(number)), `message ${number} is not whole`)
  return number
}

/** Publishes and consumes at once; leaves messages in every state there is. */
async function load(nsqd: Running): Promise<void> {
  for (const topic of ['orders', 'held', 'waiting'])
    await post(nsqd, `/topic/create?topic=${topic}`)
  for (const channel of ['billing', 'audit', 'mailing#ephemeral']) {
    await post(nsqd, `/channel/create?topic=orders&channel=${encodeURIComponent(channel)}`)
  }
  await post(nsqd, '/channel/create?topic=held&channel=c')
  await post(nsqd, '/channel/pause?topic=orders&channel=audit')
  const billing = await Wire.open(nsqd.tcp)
  assert.equal(await billing.request('SUB orders billing'), 'OK')
  let seen = 0
  billing.onMessage = ({ id }): void => {
    seen += 1
    if (seen % 10 === 0) billing.send(`REQ ${id} ${seen % 20 === 0 ? 0 : HOUR_MS}`)
    else if (seen % 17 !== 0) billing.send(`FIN ${id}`)
  }
  billing.send('RDY 400')
  const producer = await Wire.open(nsqd.tcp)
  let number = 0
  for (let i = 0; i < BATCHES; i++) {
    const bodies = Array.from({ length: BATCH }, () => bodyOf(number++))
    assert.equal(await producer.publishMany('orders', bodies), 'OK')
    if (i === BATCHES / 2) {
      await post(nsqd, '/channel/create?topic=orders&channel=late')
      await post(nsqd, '/topic/pause?topic=held')
    }
    if (i % 4 === 0) {
      const delayed = await producer.request(`DPUB orders ${HOUR_MS}`, bodyOf(number++))
      assert.equal(delayed, 'OK')
    }
    if (i % 2 === 0) assert.equal(await producer.publishMany('held', bodies.slice(0, 10)), 'OK')
    if (i % 8 === 0) assert.equal(await producer.publishMany('waiting', bodies), 'OK')
    // So that the consumer gets some of it meanwhile, and not all.
    if (i % 10 === 0) await sleep(5)
  }
  await post(nsqd, '/topic/pause?topic=orders')
  assert.equal(await producer.publishMany('orders', [bodyOf(number++), bodyOf(number++)]), 'OK')
}

interface Stats {
  readonly topics: readonly {
    readonly topic_name: string
    readonly paused: boolean
    readonly depth: number
    readonly channels: readonly {
      readonly channel_name: string
      readonly paused: boolean
      readonly depth: number
      readonly in_flight_count: number
      readonly deferred_count: number
    }[]
  }[]
}

async function statsOf({ http }: Running): Promise<Stats> {
  return (await (await fetch(`http://${http}/stats?format=json`)).json()) as Stats
}

/** Topics and channels, and what is paused. */
function shapeOf({ topics }: Stats): string[] {
  return topics.flatMap((topic) => [
    `${topic.topic_name} ${topic.paused}`,
    ...topic.channels.map(
      ({ channel_name: name, paused }) => `${topic.topic_name}/${name} ${paused}`,
    ),
  ])
}

/** Everything a channel gives until it is empty, by number: how many attempts were told. */
async function drain(nsqd: Running, topic: string, channel: string): Promise<Map<number, number>> {
  const wire = await Wire.open(nsqd.tcp)
  assert.equal(await wire.request(`SUB ${topic} ${channel}`), 'OK')
  const got = new Map<number, number>()
  let lastMs = performance.now()
  wire.onMessage = ({ id, body, attempts }: WireMessage): void => {
    lastMs = performance.now()
    got.set(numberOf(body), attempts)
    wire.send(`FIN ${id}`)
  }
  wire.send('RDY 1000')
  const giveUpMs = performance.now() + TIMEOUT_MS
  for (;;) {
    await sleep(50)
    const { topics } = await statsOf(nsqd)
    const own = topics.find(({ topic_name: name }) => name === topic)!
    const {
      depth,
      in_flight_count: inFlight,
      deferred_count: deferred,
    } = own.channels.find(({ channel_name: name }) => name === channel)!
    const isQuiet = performance.now() - lastMs > QUIET_MS
    if (isQuiet && own.depth + depth + inFlight + deferred === 0) break
    assert.ok(performance.now() < giveUpMs, `${topic}/${channel} is not empty`)
  }
  wire.close()
  return got
}

const CHANNELS = [
  ['orders', 'billing'],
  ['orders', 'audit'],
  ['orders', 'late'],
  ['held', 'c'],
  ['waiting', 'first'],
] as const

/** Unpauses and drains everything. */
async function drainAll(nsqd: Running): Promise<Map<string, Map<number, number>>> {
  await post(nsqd, '/channel/create?topic=waiting&channel=first')
  for (const topic of ['orders', 'held']) await post(nsqd, `/topic/unpause?topic=${topic}`)
  await post(nsqd, '/channel/unpause?topic=orders&channel=audit')
  const got = new Map<string, Map<number, number>>()
  for (const [topic, channel] of CHANNELS) {
    got.set(`${topic}/${channel}`, await drain(nsqd, topic, channel))
  }
  return got
}

/** The files of nsqd 1.x and what is in them. */
function oldFiles(dataPath: string): Record<string, string> {
  const names = readdirSync(dataPath).filter((name) => statSync(join(dataPath, name)).isFile())
  return Object.fromEntries(
    names.map((name) => {
      const content = readFileSync(join(dataPath, name))
      return [name, createHash('sha256').update(content).digest('hex')]
    }),
  )
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsq-import-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function runTsq(...args: string[]): Promise<{ code: number; output: string }> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [join(PROGRAMS, 'tsq.js'), ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
    })
  })
}

async function comeOver(t: TestContext, reference: string, signal: 'SIGTERM' | 'SIGKILL') {
  const dataPath = temporaryFolder(t)
  const old = await start(t, [reference], dataPath, LIMITS)
  await load(old)
  if (process.platform === 'linux') {
    const refused = await runTsq('import', dataPath)
    assert.equal(refused.code, 1)
    assert.match(refused.output, /is in use by another nsqd \(process \d+\)/)
  }
  await end(old, signal)
  const before = oldFiles(dataPath)
  const copy = temporaryFolder(t)
  cpSync(dataPath, copy, { recursive: true })

  const checking = await start(t, [reference], copy, LIMITS)
  const wantedShape = shapeOf(await statsOf(checking))
  const wanted = await drainAll(checking)
  await end(checking, 'SIGTERM')

  const ours = await start(t, [process.execPath, join(PROGRAMS, 'nsqd.js')], dataPath, [])
  const shape = shapeOf(await statsOf(ours))
  const got = await drainAll(ours)
  await end(ours, 'SIGTERM')
  assert.deepEqual(oldFiles(dataPath), before)
  const checked = await runTsq('check', dataPath)
  assert.equal(checked.code, 0, checked.output)
  return { shape, wantedShape, got, wanted, log: ours.log.join('\n') }
}

describe('a data path of nsqd 1.3.0', () => {
  it('stopped in order is taken over to the message, states and attempts', async (t) => {
    const reference = await prepareOrSkip(t, () => buildReference('nsqd'))
    if (reference === undefined) return
    const { shape, wantedShape, got, wanted, log } = await comeOver(t, reference, 'SIGTERM')
    assert.deepEqual(shape, wantedShape)
    assert.ok(!/hold no readable message/.test(log), log)
    for (const [channel, numbers] of wanted) {
      t.diagnostic(`${channel}: ${numbers.size} messages`)
      assert.deepEqual(sorted(got.get(channel)!), sorted(numbers), channel)
    }
    assert.ok(wanted.get('orders/audit')!.size === BATCH * BATCHES + BATCHES / 4 + 2)
  })

  it('that was killed is taken over with all that nsqd itself can read', async (t) => {
    const reference = await prepareOrSkip(t, () => buildReference('nsqd'))
    if (reference === undefined) return
    const { shape, wantedShape, got, wanted } = await comeOver(t, reference, 'SIGKILL')
    assert.deepEqual(shape, wantedShape)
    for (const [channel, numbers] of wanted) {
      const ours = got.get(channel)!
      const lost = [...numbers.keys()].filter((number) => !ours.has(number))
      t.diagnostic(`${channel}: ${numbers.size} messages, ours ${ours.size}`)
      assert.deepEqual(lost, [], channel)
    }
    assert.ok(wanted.get('orders/audit')!.size > 0)
  })
})

function sorted(numbers: ReadonlyMap<number, number>): [number, number][] {
  return [...numbers].toSorted(([a], [b]) => a - b)
}
