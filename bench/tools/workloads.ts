// What is measured: how long a tool takes for so many messages, and how much CPU.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

import type { Nsqd } from '../nsqd.ts'
import { cpuMicrosBetween, type CpuReading, readCpu } from '../proc.ts'
import { startable } from '../targets.ts'

const POLL_MS = 5
const LIMIT_MS = 600_000
const CHANNEL = 'archive'

export interface Input {
  /** A file of lines. */
  readonly file: string
  readonly messages: number
  readonly bytes: number
}

/** Where one run happens. */
export interface Room {
  readonly nsqd: Nsqd
  readonly topic: string
  /** Its own, empty. */
  readonly folder: string
  readonly input: Input
}

export interface Figures {
  readonly seconds: number
  readonly cpuMicrosPerMessage: number | undefined
}

type ToolName = 'to_nsq' | 'nsq_to_file' | 'nsq_to_nsq' | 'nsq_to_http'

export interface Workload {
  readonly name: string
  /** The name of the program under test. */
  readonly tool: ToolName
  /** @param program the tool; @param publisher our to_nsq, for what must be there before. */
  run(program: string, publisher: string, room: Room): Promise<Figures>
}

export const workloads: readonly Workload[] = [
  { name: 'to_nsq', tool: 'to_nsq', run: (program, _publisher, room) => publish(program, room) },
  archive('nsq_to_file', []),
  archive('nsq_to_file --gzip', ['--gzip']),
  archive('nsq_to_file --max-in-flight=2000', ['--max-in-flight=2000']),
  archive('nsq_to_file --gzip --max-in-flight=2000', ['--gzip', '--max-in-flight=2000']),
  consume('nsq_to_nsq', 'nsq_to_nsq', mirror),
  consume('nsq_to_http', 'nsq_to_http', post),
]

/** From the start of to_nsq to its end. */
async function publish(program: string, { nsqd, topic, input }: Room): Promise<Figures> {
  await nsqd.createTopic(topic)
  const source = openSync(input.file, 'r')
  const args = [`--topic=${topic}`, `--nsqd-tcp-address=127.0.0.1:${nsqd.tcpPort}`]
  const measured = await measure(program, args, source, (child) => ended(child))
  closeSync(source)
  const depth = await nsqd.topicDepth(topic)
  if (depth !== input.messages) throw new Error(`${depth} of ${input.messages} are published`)
  return perMessage(measured, input)
}

/** Where messages go to while they are consumed. */
interface Sink extends AsyncDisposable {
  readonly flags: readonly string[]
  /** @throws {Error} when not all of them came. */
  check(): Promise<void>
}

/** From the start of a tool until nsqd has nothing left to deliver and nothing unanswered. */
function consume(name: string, tool: ToolName, open: (room: Room) => Promise<Sink>): Workload {
  return {
    name,
    tool,
    run: async (program, publisher, room) => {
      const { nsqd, topic, input } = room
      await nsqd.createTopic(topic)
      await nsqd.createChannel(topic, CHANNEL)
      await fill(publisher, room)
      await using sink = await open(room)
      const source = `--nsqd-tcp-address=127.0.0.1:${nsqd.tcpPort}`
      const args = [`--topic=${topic}`, `--channel=${CHANNEL}`, source, ...sink.flags]
      const measured = await measure(program, args, 'ignore', async (child) => {
        const deadline = performance.now() + LIMIT_MS
        for (;;) {
          const counts = (await nsqd.channels(topic)).get(CHANNEL)
          if (counts !== undefined && counts.depth + counts.inFlight === 0) return
          if (performance.now() > deadline) throw new Error(`${tool} does not get to the end`)
          if (child.exitCode !== null) throw new Error(`${tool} ended with ${child.exitCode}`)
          await sleep(POLL_MS)
        }
      })
      await sink.check()
      return perMessage(measured, input)
    },
  }
}

function archive(name: string, flags: readonly string[]): Workload {
  return consume(name, 'nsq_to_file', ({ folder, topic, input }) => {
    const output = path.join(folder, topic)
    return Promise.resolve({
      flags: [`--output-dir=${output}`, '--sync-interval=1s', ...flags],
      check: () => Promise.resolve(check(output, input)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
  })
}

/** To another topic of the same nsqd. */
async function mirror({ nsqd, topic, input }: Room): Promise<Sink> {
  const copy = `${topic}-copy`
  await nsqd.createTopic(copy)
  const destination = `--destination-nsqd-tcp-address=127.0.0.1:${nsqd.tcpPort}`
  return {
    flags: [destination, `--destination-topic=${copy}`, '--status-every=0'],
    check: async () => {
      const depth = await nsqd.topicDepth(copy)
      if (depth !== input.messages) throw new Error(`${depth} of ${input.messages} are copied`)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** To an endpoint in this process, which is a part of the limit for everybody. */
async function post({ input }: Room): Promise<Sink> {
  let taken = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      taken += 1
      response.end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    flags: [`--post=http://127.0.0.1:${port}/`, '--status-every=0'],
    check: () => {
      if (taken !== input.messages) throw new Error(`${taken} of ${input.messages} are posted`)
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
    },
  }
}

async function fill(publisher: string, { nsqd, topic, input }: Room): Promise<void> {
  const source = openSync(input.file, 'r')
  const args = [`--topic=${topic}`, `--nsqd-tcp-address=127.0.0.1:${nsqd.tcpPort}`]
  await measure(publisher, args, source, (child) => ended(child))
  closeSync(source)
}

/** Every byte that went in has come out, in whatever order. */
function check(folder: string, { messages, bytes }: Input): void {
  let found = 0
  let size = 0
  for (const name of readdirSync(folder)) {
    const raw = readFileSync(path.join(folder, name))
    const text = name.endsWith('.gz') ? gunzipSync(raw) : raw
    size += text.length
    for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) found += 1
  }
  if (found !== messages || size !== bytes) {
    throw new Error(`${found} lines of ${size} bytes are archived, not ${messages} of ${bytes}`)
  }
}

interface Measured {
  readonly seconds: number
  readonly cpuMicros: number | undefined
}

async function measure(
  program: string,
  args: readonly string[],
  stdin: number | 'ignore',
  isDone: (child: ChildProcess) => Promise<void>,
): Promise<Measured> {
  const { command, args: all } = startable(program, args)
  const startedAt = performance.now()
  const child = spawn(command, all, { stdio: [stdin, 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const first: CpuReading = new Map()
  // It may end by itself, and then there is nothing left to be asked.
  let last: CpuReading | undefined
  const polls = setInterval(() => {
    const reading = readCpu(pid)
    if (reading !== undefined && reading.size > 0) last = reading
  }, POLL_MS)
  try {
    await isDone(child)
    const seconds = (performance.now() - startedAt) / 1_000
    const reading = child.exitCode === null ? readCpu(pid) : undefined
    return { seconds, cpuMicros: cpuMicrosBetween(first, reading ?? last) }
  } finally {
    clearInterval(polls)
    if (child.exitCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, 'exit')
  if (child.exitCode !== 0) throw new Error(`to_nsq ended with ${child.exitCode}`)
}

function perMessage({ seconds, cpuMicros }: Measured, { messages }: Input): Figures {
  return {
    seconds,
    cpuMicrosPerMessage: cpuMicros === undefined ? undefined : cpuMicros / messages,
  }
}
