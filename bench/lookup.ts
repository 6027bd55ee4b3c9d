// nsqlookupd as a whole: how fast /lookup is, and what it costs, with many nsqd and topics registered.
//
//   node bench/dist/lookup.js --peer ./nsqlookupd          # ours and another in turn
//   node bench/dist/lookup.js --nodes 100 --topics 1000 --channels 1 --seconds 5 --repeats 3 --rate 500

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, quantile } from './metrics.ts'
import {
  anonymousBytes,
  cpuMicrosBetween,
  peakResidentBytes,
  readCpu,
  resetPeak,
  residentBytes,
} from './proc.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const CLOSED_LOOP_CONNECTIONS = 4
const OPEN_LOOP_CONNECTIONS = 8
const LENGTH_BYTES = 4
const OK_BYTES = LENGTH_BYTES + 2
const UNKNOWN = -1
const CHUNKED = -2
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')
const SETTLE_MS = 2_000
const START_LIMIT_MS = 20_000

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    nodes: { type: 'string', default: '100' },
    topics: { type: 'string', default: '1000' },
    channels: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '5' },
    repeats: { type: 'string', default: '3' },
    rate: { type: 'string', default: '500' },
  },
})
const sizes = {
  nodes: Number(values.nodes),
  topics: Number(values.topics),
  channels: Number(values.channels),
  seconds: Number(values.seconds),
  rate: Number(values.rate),
}

interface Target {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** The figures of a run, in the order of the columns. */
interface Reading {
  readonly registerSeconds: number
  readonly residentMb: number
  readonly ownMb: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  readonly rate: number
  readonly busyP99Ms: number
  readonly cpuMicros: number
  readonly nodesMs: number
  readonly peakMb: number
  readonly residentAfterMb: number
  readonly ownAfterMb: number
}

const HEADINGS: Readonly<Record<keyof Reading, string>> = {
  registerSeconds: 'register s',
  residentMb: 'registered, MB',
  ownMb: 'registered, MB of its own',
  p50Ms: `p50 ms at ${sizes.rate}/s`,
  p99Ms: 'p99 ms',
  p999Ms: 'p99.9 ms',
  maxMs: 'max ms',
  rate: 'most lookup/s',
  busyP99Ms: 'p99 ms then',
  cpuMicros: 'CPU µs/lookup',
  nodesMs: '/nodes ms',
  peakMb: 'peak MB',
  residentAfterMb: 'MB after',
  ownAfterMb: 'MB after, its own',
}

/** One nsqlookupd under test. */
class Lookupd implements AsyncDisposable {
  readonly child: ChildProcess
  readonly #folder: string
  tcpPort = 0
  httpPort = 0

  static async start({ command, args }: Target): Promise<Lookupd> {
    const flags = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
    const folder = await mkdtemp(join(tmpdir(), 'tsq-bench-lookup-'))
    const log = join(folder, 'log')
    // To a file: reading a pipe would take time from what is measured.
    const stderr = openSync(log, 'w')
    const child = spawn(command, [...args, ...flags], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'ignore', stderr],
    })
    closeSync(stderr)
    process.once('exit', () => child.kill('SIGKILL'))
    const lookupd = new Lookupd(child, folder)
    const deadline = Date.now() + START_LIMIT_MS
    while (lookupd.tcpPort === 0 || lookupd.httpPort === 0) {
      if (Date.now() > deadline) throw new Error('nsqlookupd does not listen')
      await sleep(5)
      const text = await readFile(log, 'utf8')
      lookupd.tcpPort = Number(/TCP: listening on \S+:(\d+)\s/.exec(text)?.[1] ?? 0)
      lookupd.httpPort = Number(/HTTP: listening on \S+:(\d+)\s/.exec(text)?.[1] ?? 0)
    }
    return lookupd
  }

  private constructor(child: ChildProcess, folder: string) {
    this.child = child
    this.#folder = folder
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await exited
    await rm(this.#folder, { recursive: true })
  }
}

/** A nsqd as far as nsqlookupd can see: registers everything at once and counts the answers. */
async function registerNode(port: number, id: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  const body = JSON.stringify({
    broadcast_address: `node-${id}.example.com`,
    hostname: `node-${id}`,
    http_port: 24_151,
    tcp_port: 24_150,
    topology_region: '',
    topology_zone: '',
    version: '1.3.0',
  })
  const head = Buffer.from('  V1IDENTIFY\n0000')
  head.writeInt32BE(body.length, head.length - LENGTH_BYTES)
  socket.write(Buffer.concat([head, Buffer.from(body)]))
  await identified(socket)
  const lines: string[] = []
  for (let topic = 0; topic < sizes.topics; topic += 1) {
    if (sizes.channels === 0) lines.push(`REGISTER topic-${topic}\n`)
    for (let n = 0; n < sizes.channels; n += 1) lines.push(`REGISTER topic-${topic} channel-${n}\n`)
  }
  let missing = lines.length * OK_BYTES
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      missing -= chunk.length
      if (missing === 0) resolve()
    })
  })
  socket.write(lines.join(''))
  await done
  return socket
}

/** Waits for the one answer that has no fixed length; it may come in pieces. */
async function identified(socket: Socket): Promise<void> {
  let held = Buffer.alloc(0)
  while (held.length < LENGTH_BYTES || held.length < LENGTH_BYTES + held.readInt32BE(0)) {
    const [chunk]: Buffer[] = (await once(socket, 'data')) as Buffer[]
    if (chunk !== undefined) held = Buffer.concat([held, chunk])
  }
}

/** A keep-alive HTTP connection without anything that would take the generator's time. */
class Connection {
  readonly #socket: Socket
  #missing = 0
  #head = ''
  #onDone: () => void = () => undefined

  static async open(port: number): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  get(path: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onDone = resolve
      this.#head = ''
      this.#missing = UNKNOWN
      this.#socket.write(
        `GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: application/vnd.nsq; version=1.0\r\n\r\n`,
      )
    })
  }

  /** A body ends after as many bytes as were announced, or, where it comes in chunks, with the empty one. */
  #take(chunk: Buffer): void {
    if (this.#missing === UNKNOWN) {
      this.#head += chunk.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      if (!this.#head.startsWith('HTTP/1.1 200')) {
        throw new Error(`unexpected answer: ${this.#head.slice(0, 200)}`)
      }
      const length = /content-length: (\d+)/i.exec(this.#head.slice(0, end))?.[1]
      this.#missing =
        length === undefined ? CHUNKED : Number(length) - (this.#head.length - end - 4)
    } else if (this.#missing !== CHUNKED) {
      this.#missing -= chunk.length
    }
    const isLast =
      this.#missing === CHUNKED && chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
    if (this.#missing === 0 || isLast) this.#onDone()
  }

  close(): void {
    this.#socket.destroy()
  }
}

function openAll(port: number, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(port)))
}

function topicPath(n: number): string {
  return `/lookup?topic=topic-${(n * 7_919) % sizes.topics}`
}

/** Lookups on a schedule; each latency counts from the moment it was due, so that a stall counts for all it held up. */
async function openLoop(port: number): Promise<Float64Array> {
  const connections = await openAll(port, OPEN_LOOP_CONNECTIONS)
  const count = sizes.rate * sizes.seconds
  const latencies = new Float64Array(count)
  const startMs = performance.now() + 50
  let next = 0
  const work = async (connection: Connection): Promise<void> => {
    while (next < count) {
      const n = next
      next += 1
      const dueMs = startMs + (n * 1000) / sizes.rate
      const waitMs = dueMs - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      // A timer may be late by itself; that is not nsqlookupd's.
      const sentMs = waitMs > 0 ? performance.now() : dueMs
      await connection.get(topicPath(n))
      latencies[n] = performance.now() - sentMs
    }
  }
  await Promise.all(connections.map(work))
  for (const connection of connections) connection.close()
  return latencies.toSorted()
}

/** As many lookups as it takes. */
async function closedLoop(port: number): Promise<Float64Array> {
  const connections = await openAll(port, CLOSED_LOOP_CONNECTIONS)
  const latencies: number[] = []
  const endMs = performance.now() + sizes.seconds * 1000
  let next = 0
  const work = async (connection: Connection): Promise<void> => {
    while (performance.now() < endMs) {
      const sentMs = performance.now()
      next += 1
      await connection.get(topicPath(next))
      latencies.push(performance.now() - sentMs)
    }
  }
  await Promise.all(connections.map(work))
  for (const connection of connections) connection.close()
  return Float64Array.from(latencies).toSorted()
}

async function timeNodes(port: number): Promise<number> {
  const connection = await Connection.open(port)
  const times: number[] = []
  for (let n = 0; n < 5; n += 1) {
    const sentMs = performance.now()
    await connection.get('/nodes')
    times.push(performance.now() - sentMs)
  }
  connection.close()
  return median(times) ?? Number.NaN
}

async function measure(target: Target): Promise<Reading> {
  await using lookupd = await Lookupd.start(target)
  const { pid, tcpPort, httpPort } = lookupd
  const startMs = performance.now()
  const nodes: Socket[] = []
  for (let id = 0; id < sizes.nodes; id += 1) nodes.push(await registerNode(tcpPort, id))
  const registerSeconds = (performance.now() - startMs) / 1000
  await sleep(SETTLE_MS)
  const residentMb = megabytes(residentBytes(pid))
  const ownMb = megabytes(anonymousBytes(pid))
  await resetPeak(pid)

  await openLoop(httpPort)
  const calm = await openLoop(httpPort)
  const before = readCpu(pid)
  const busy = await closedLoop(httpPort)
  const cpu = cpuMicrosBetween(before, readCpu(pid)) ?? Number.NaN
  const nodesMs = await timeNodes(httpPort)
  const peakMb = megabytes(peakResidentBytes(pid))
  await sleep(SETTLE_MS)
  const reading = {
    registerSeconds,
    residentMb,
    ownMb,
    p50Ms: quantile(calm, 0.5) ?? Number.NaN,
    p99Ms: quantile(calm, 0.99) ?? Number.NaN,
    p999Ms: quantile(calm, 0.999) ?? Number.NaN,
    maxMs: calm.at(-1) ?? Number.NaN,
    rate: busy.length / sizes.seconds,
    busyP99Ms: quantile(busy, 0.99) ?? Number.NaN,
    cpuMicros: cpu / busy.length,
    nodesMs,
    peakMb,
    residentAfterMb: megabytes(residentBytes(pid)),
    ownAfterMb: megabytes(anonymousBytes(pid)),
  }
  for (const socket of nodes) socket.destroy()
  return reading
}

function megabytes(bytes: number | undefined): number {
  return (bytes ?? Number.NaN) / 1e6
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

const ours: Target = {
  name: 'ours',
  command: process.execPath,
  args: ['packages/tsq/bin/nsqlookupd.js'],
}
const targets = [
  ours,
  ...(values.peer === undefined ? [] : [{ name: 'peer', command: values.peer, args: [] }]),
]
const readings = new Map<string, Reading[]>(targets.map(({ name }) => [name, []]))
for (let repeat = 0; repeat < Number(values.repeats); repeat += 1) {
  for (const target of targets) {
    const reading = await measure(target)
    readings.get(target.name)?.push(reading)
    console.error(target.name, JSON.stringify(reading))
  }
}

const names = Object.keys(HEADINGS) as (keyof Reading)[]
const cores = cpus()
console.log(
  `${cores[0]?.model.trim()}, ${cores.length} cores, ${type()} ${release()}, Node ${process.version}\n` +
    `${sizes.nodes} nsqd × ${sizes.topics} topics × ${sizes.channels} channels; ` +
    `median of ${values.repeats}\n`,
)
console.log(row(['', ...names.map((name) => HEADINGS[name])]))
console.log(row(['---', ...names.map(() => '---:')]))
for (const [name, all] of readings) {
  const medians = names.map((key) => median(all.map((reading) => reading[key])) ?? Number.NaN)
  console.log(row([name, ...medians.map((value) => value.toFixed(value < 100 ? 2 : 0))]))
}
