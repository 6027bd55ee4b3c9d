// One nsqd under test: a process of its own on ephemeral loopback ports.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './targets.ts'

const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 30_000
const POLL_MS = 5

export interface ChannelCounts {
  readonly depth: number
  readonly inFlight: number
  readonly deferred: number
}

const running = new Set<ChildProcess>()

/** For when the benchmark itself is told to end. */
export function killRunningNsqds(): void {
  for (const child of running) child.kill('SIGKILL')
}

export class Nsqd implements AsyncDisposable {
  readonly pid: number
  readonly tcpPort: number
  readonly startSeconds: number
  readonly #child: ChildProcess
  readonly #httpPort: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  private constructor(child: ChildProcess, ports: Ports, startSeconds: number) {
    this.#child = child
    this.pid = child.pid ?? 0
    this.tcpPort = ports.tcp
    this.#httpPort = ports.http
    this.startSeconds = startSeconds
  }

  /** Starts `target` over `folder`; a second start there finds what the first left. */
  static async start(target: Target, folder: string): Promise<Nsqd> {
    const data = join(folder, 'data')
    const log = join(folder, `nsqd-${Date.now()}.log`)
    await mkdir(data, { recursive: true })
    // Its log goes to a file: reading a pipe would take CPU from what is measured.
    const stderr = openSync(log, 'w')
    const startedAt = performance.now()
    const child = spawn(
      target.command,
      [
        ...target.args,
        `--data-path=${data}`,
        '--tcp-address=127.0.0.1:0',
        '--http-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', stderr] },
    )
    closeSync(stderr)
    running.add(child)
    child.once('exit', () => running.delete(child))
    try {
      await once(child, 'spawn')
      const ports = await untilListening(child, log)
      return new Nsqd(child, ports, (performance.now() - startedAt) / 1000)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** Stops it the gentle way, and the other way if that takes too long. */
  async stop(): Promise<void> {
    this.#agent.destroy()
    if (hasEnded(this.#child)) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS)
    await exited
    clearTimeout(timer)
    if (this.#child.signalCode === 'SIGKILL') {
      throw new Error(`nsqd did not stop within ${STOP_LIMIT_MS / 1000} s of SIGTERM`)
    }
  }

  /** For when nothing of its data is wanted any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    if (hasEnded(this.#child)) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async createTopic(topic: string): Promise<void> {
    await this.#http('POST', `/topic/create?topic=${topic}`)
  }

  async createChannel(topic: string, channel: string): Promise<void> {
    await this.#http('POST', `/channel/create?topic=${topic}&channel=${channel}`)
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#http('POST', `/topic/delete?topic=${topic}`)
  }

  /** How many messages wait in the topic itself, not yet given to a channel. */
  async topicDepth(topic: string): Promise<number> {
    return (await this.#stats(topic)).depth
  }

  /** The counts of each channel of `topic`, by name. */
  async channels(topic: string): Promise<Map<string, ChannelCounts>> {
    const { channels } = await this.#stats(topic)
    return new Map(
      channels.map((channel) => [
        channel.channel_name,
        {
          depth: channel.depth,
          inFlight: channel.in_flight_count,
          deferred: channel.deferred_count,
        },
      ]),
    )
  }

  async #stats(topic: string): Promise<StatsTopic> {
    const text = await this.#http('GET', `/stats?format=json&topic=${topic}`)
    const stats: { topics: StatsTopic[] } = JSON.parse(text)
    const [first] = stats.topics
    if (first === undefined) throw new Error(`nsqd has no topic ${topic}`)
    return first
  }

  #http(method: string, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port: this.#httpPort, method, path, agent: this.#agent },
        (incoming) => {
          incoming.setEncoding('utf8')
          let text = ''
          incoming.on('data', (part: string) => (text += part))
          incoming.on('error', reject)
          incoming.on('end', () => {
            if (incoming.statusCode === 200) resolve(text)
            else reject(new Error(`${method} ${path} answered ${incoming.statusCode} ${text}`))
          })
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  }
}

interface StatsTopic {
  readonly depth: number
  readonly channels: readonly StatsChannel[]
}

interface StatsChannel {
  readonly channel_name: string
  readonly depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
}

interface Ports {
  readonly tcp: number
  readonly http: number
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function untilListening(child: ChildProcess, log: string): Promise<Ports> {
  const deadline = performance.now() + START_LIMIT_MS
  while (performance.now() < deadline && !hasEnded(child)) {
    const text = await readFile(log, 'utf8')
    const tcp = /TCP: listening on \S+:(\d+)\s/.exec(text)?.[1]
    const http = /HTTP: listening on \S+:(\d+)\s/.exec(text)?.[1]
    if (tcp !== undefined && http !== undefined) return { tcp: Number(tcp), http: Number(http) }
    await sleep(POLL_MS)
  }
  const lastLines = (await readFile(log, 'utf8')).trim().split('\n').slice(-5).join('\n')
  const what = hasEnded(child) ? 'ended' : `was not listening after ${START_LIMIT_MS / 1000} s`
  throw new Error(`nsqd ${what}; the end of its log:\n${lastLines}`)
}
