import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildReference, ToolMissingError } from './build.ts'
import { repositoryFolder } from './folders.ts'

const START_TIMEOUT_MS = 15_000
const STOP_TIMEOUT_MS = 15_000
const KEPT_LOG_LINES = 30

/** Which nsqd: this repository's, or NSQ 1.3.0. */
export type NsqdBinary = 'ours' | 'reference'

export const nsqdBinaries: Readonly<Record<NsqdBinary, string>> = {
  ours: 'our nsqd',
  reference: 'nsqd 1.3.0',
}

interface NsqdStats {
  readonly topics: readonly TopicStats[]
}

export interface TopicStats {
  readonly topic_name: string
  readonly depth: number
  readonly message_count: number
  readonly message_bytes: number
  readonly paused: boolean
  readonly channels: readonly ChannelStats[]
}

export interface ChannelStats {
  readonly channel_name: string
  readonly depth: number
  readonly in_flight_count: number
  readonly deferred_count: number
  readonly message_count: number
  readonly requeue_count: number
  readonly timeout_count: number
  readonly client_count: number
  readonly paused: boolean
}

/** Starts a nsqd on ports of the system's choosing, over a new data folder; resolves when it listens. */
export async function startNsqd({
  binary,
  flags = [],
}: {
  readonly binary: NsqdBinary
  readonly flags?: readonly string[]
}): Promise<RunningNsqd> {
  const [command, ...leading] = await commandOf(binary)
  const dataPath = await mkdtemp(join(tmpdir(), 'tsq-interop-nsqd-'))
  const process = spawn(
    command,
    [
      ...leading,
      `--data-path=${dataPath}`,
      '--tcp-address=127.0.0.1:0',
      '--http-address=127.0.0.1:0',
      '--broadcast-address=127.0.0.1',
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const hasHttps = flags.some((flag) => /^--https-address=./.test(flag))
  const nsqd = new RunningNsqd(process, dataPath, hasHttps)
  try {
    await nsqd.listening
  } catch (error) {
    await nsqd.stop()
    throw error
  }
  return nsqd
}

async function commandOf(binary: NsqdBinary): Promise<[string, ...string[]]> {
  if (binary === 'reference') return [await buildReference('nsqd')]
  const program = join(repositoryFolder, 'packages', 'tsq', 'bin', 'nsqd.js')
  if (!existsSync(program))
    throw new ToolMissingError('Our nsqd is missing: no packages/tsq/bin/nsqd.js.')
  return [process.execPath, program]
}

/** A nsqd process. Disposing of it stops it and removes its data folder. */
export class RunningNsqd implements AsyncDisposable {
  tcpAddress = ''
  httpAddress = ''
  httpsAddress = ''
  readonly listening: Promise<void>
  readonly #process: ChildProcess
  readonly #dataPath: string
  readonly #exited: Promise<unknown>
  readonly #lastLines: string[] = []
  #stopping: Promise<void> | undefined

  constructor(process: ChildProcess, dataPath: string, hasHttps: boolean) {
    this.#process = process
    this.#dataPath = dataPath
    this.#exited = once(process, 'exit')
    this.listening = this.#waitForAddresses(hasHttps)
  }

  #waitForAddresses(hasHttps: boolean): Promise<void> {
    const { stderr } = this.#process
    if (stderr === null) throw new Error('nsqd was started without a pipe for its log')
    return new Promise((resolve, reject) => {
      const giveUp = (why: string): void => reject(new Error(`nsqd ${why}${this.lastLines()}`))
      const timer = setTimeout(giveUp, START_TIMEOUT_MS, 'does not listen')
      this.#process.once('exit', (code, signal) => giveUp(`ended with ${code ?? signal}`))
      createInterface({ input: stderr }).on('line', (line) => {
        this.#lastLines.push(line)
        if (this.#lastLines.length > KEPT_LOG_LINES) this.#lastLines.shift()
        const [, kind, address] = /(TCP|HTTPS?): listening on (\S+)/.exec(line) ?? []
        if (address === undefined) return
        if (kind === 'TCP') this.tcpAddress = address
        else if (kind === 'HTTPS') this.httpsAddress = address
        else this.httpAddress = address
        if (this.tcpAddress === '' || this.httpAddress === '') return
        if (hasHttps && this.httpsAddress === '') return
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** The end of its log, to go under an error message. */
  lastLines(): string {
    return `; its log ends:\n${this.#lastLines.join('\n')}`
  }

  async stats(topic: string): Promise<TopicStats | undefined> {
    const response = await fetch(`http://${this.httpAddress}/stats?format=json&topic=${topic}`)
    const stats: NsqdStats = JSON.parse(await response.text())
    return stats.topics.find(({ topic_name }) => topic_name === topic)
  }

  async post(pathAndQuery: string, body = ''): Promise<void> {
    const url = `http://${this.httpAddress}${pathAndQuery}`
    const response = await fetch(url, { method: 'POST', body })
    if (!response.ok) throw new Error(`${pathAndQuery} answered ${response.status}`)
  }

  /** Asks it to end, insists after a while, and removes its data. Rejects if it had to be killed. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  async #stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode === null && signalCode === null) this.#process.kill('SIGTERM')
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(insist)
    await rm(this.#dataPath, { recursive: true, force: true })
    if (this.#process.exitCode !== 0) {
      const how = this.#process.exitCode ?? this.#process.signalCode
      throw new Error(`nsqd ended with ${how}${this.lastLines()}`)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
