import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { TEST_CERT, TEST_KEY } from '@tsq/testing'

import { DaemonProcess } from '../daemon-process.ts'
import type { Programs } from './programs.ts'

/** What a test reads of `/stats?format=json`. */
export interface ChannelStats {
  readonly channel_name: string
  readonly depth: number
  readonly in_flight_count: number
  readonly clients: readonly {
    readonly tls: boolean
    readonly deflate: boolean
    readonly snappy: boolean
    readonly sample_rate: number
    readonly auth_identity?: string
  }[]
}

export interface TopicStats {
  readonly topic_name: string
  readonly depth: number
  readonly message_count: number
  readonly channels: readonly ChannelStats[]
}

/** An nsqd that can be killed and started again, on its ports and over its data. Disposing of it removes both. */
export class Nsqd implements AsyncDisposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'tsq-client-nsqd-'))
  readonly #programs: Programs
  readonly #flags: readonly string[]
  #process: DaemonProcess | undefined
  #hasTls = false
  #tcp = '127.0.0.1:0'
  #http = '127.0.0.1:0'

  private constructor(programs: Programs, flags: readonly string[]) {
    this.#programs = programs
    this.#flags = flags
  }

  /** @param flags `--tcp-address` among them wins over a port of the system's choosing. */
  static async start(programs: Programs, ...flags: string[]): Promise<Nsqd> {
    const nsqd = new Nsqd(programs, flags)
    await nsqd.start()
    return nsqd
  }

  /** With the test certificate. */
  static async startWithTls(programs: Programs, ...flags: string[]): Promise<Nsqd> {
    const nsqd = new Nsqd(programs, flags)
    nsqd.#hasTls = true
    await nsqd.start()
    return nsqd
  }

  async start(): Promise<void> {
    const own = [
      `--data-path=${this.folder}`,
      `--tcp-address=${this.#tcp}`,
      `--http-address=${this.#http}`,
      '--broadcast-address=127.0.0.1',
      ...(this.#hasTls ? this.#tlsFlags() : []),
    ]
    this.#process = new DaemonProcess([...this.#programs.nsqd, ...own, ...this.#flags])
    await this.#process.listening()
    this.#tcp = this.#process.tcpAddress
    this.#http = this.#process.httpAddress
  }

  #tlsFlags(): string[] {
    const cert = path.join(this.folder, 'cert.pem')
    const key = path.join(this.folder, 'key.pem')
    writeFileSync(cert, TEST_CERT)
    writeFileSync(key, TEST_KEY)
    return [`--tls-cert=${cert}`, `--tls-key=${key}`, '--https-address=127.0.0.1:0']
  }

  get address(): string {
    return this.#tcp
  }

  get tcpPort(): number {
    return this.#process?.tcpPort ?? 0
  }

  get httpAddress(): string {
    return this.#http
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const running = this.#process
    this.#process = undefined
    await running?.end(signal)
  }

  async topic(name: string): Promise<TopicStats | undefined> {
    const text = await this.#process!.get(`/stats?format=json&topic=${name}`)
    const stats = JSON.parse(text) as { readonly topics: readonly TopicStats[] }
    return stats.topics.find(({ topic_name }) => topic_name === name)
  }

  async channel(topic: string, name: string): Promise<ChannelStats | undefined> {
    const stats = await this.topic(topic)
    return stats?.channels.find(({ channel_name }) => channel_name === name)
  }

  async post(pathAndQuery: string): Promise<void> {
    const { status, text } = await this.#process!.post(pathAndQuery, '')
    if (status !== 200) throw new Error(`${pathAndQuery} answered ${status} ${text}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** An nsqlookupd. Disposing of it stops it. */
export class Nsqlookupd implements AsyncDisposable {
  readonly #process: DaemonProcess

  private constructor(process: DaemonProcess) {
    this.#process = process
  }

  static async start(programs: Programs): Promise<Nsqlookupd> {
    const flags = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
    const process = new DaemonProcess([...programs.nsqlookupd, ...flags])
    await process.listening()
    return new Nsqlookupd(process)
  }

  get tcpAddress(): string {
    return `127.0.0.1:${this.#process.tcpPort}`
  }

  get httpAddress(): string {
    return `127.0.0.1:${this.#process.httpPort}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end('SIGTERM')
  }
}
