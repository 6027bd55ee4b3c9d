import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TEST_CERT, TEST_KEY } from './certificate.ts'

/** The nsqd binary to test against, where one is given. */
export const NSQD_BINARY = process.env['TSQ_TEST_NSQD']

/** A real nsqd, on ports of its own, which keeps its data over restarts. */
export class NsqdProcess implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tsq-client-nsqd-'))
  readonly #flags: readonly string[]
  #hasTls = false
  #child: ChildProcess | undefined
  tcpPort = 0
  httpPort = 0

  private constructor(flags: readonly string[]) {
    this.#flags = flags
  }

  static async start(...flags: string[]): Promise<NsqdProcess> {
    const nsqd = new NsqdProcess(flags)
    await nsqd.start()
    return nsqd
  }

  /** With the test certificate. */
  static async startWithTls(...flags: string[]): Promise<NsqdProcess> {
    const nsqd = new NsqdProcess(flags)
    nsqd.#hasTls = true
    await nsqd.start()
    return nsqd
  }

  #tlsFlags(): string[] {
    if (!this.#hasTls) return []
    const cert = join(this.#folder, 'cert.pem')
    const key = join(this.#folder, 'key.pem')
    writeFileSync(cert, TEST_CERT)
    writeFileSync(key, TEST_KEY)
    return [`--tls-cert=${cert}`, `--tls-key=${key}`, '--https-address=127.0.0.1:0']
  }

  get address(): string {
    return `127.0.0.1:${this.tcpPort}`
  }

  /** On the ports it had before, where it ran before. */
  async start(): Promise<void> {
    const flags = [
      `--tcp-address=127.0.0.1:${this.tcpPort}`,
      `--http-address=127.0.0.1:${this.httpPort}`,
      `--data-path=${this.#folder}`,
      '--broadcast-address=127.0.0.1',
      ...this.#tlsFlags(),
      ...this.#flags,
    ]
    const child = spawn(NSQD_BINARY ?? '', flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    const lines = createInterface({ input: child.stderr })
    const ready = new Promise<void>((resolve, reject) => {
      const said: string[] = []
      child.once('exit', (code) => reject(new Error(`nsqd ended with ${code}: ${said.join(' ')}`)))
      lines.on('line', (line) => {
        if (said.length < 20) said.push(line)
        const tcp = /TCP: listening on \S*:(\d+)/.exec(line)
        const http = /HTTP: listening on \S*:(\d+)/.exec(line)
        if (tcp !== null) this.tcpPort = Number(tcp[1])
        if (http !== null) this.httpPort = Number(http[1])
        if (this.tcpPort > 0 && this.httpPort > 0 && (tcp ?? http) !== null) resolve()
      })
    })
    await ready
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async stats(topic: string): Promise<string> {
    const url = `http://127.0.0.1:${this.httpPort}/stats?format=json&topic=${topic}`
    const response = await fetch(url)
    return response.text()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The nsqlookupd binary to test against, where one is given. */
export const NSQLOOKUPD_BINARY = process.env['TSQ_TEST_NSQLOOKUPD']

/** A real nsqlookupd, on ports of its own. */
export class NsqlookupdProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  tcpAddress = ''
  httpAddress = ''

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(): Promise<NsqlookupdProcess> {
    const flags = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
    const child = spawn(NSQLOOKUPD_BINARY ?? '', flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    const lookupd = new NsqlookupdProcess(child)
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`nsqlookupd ended with ${code}`)))
      createInterface({ input: child.stderr }).on('line', (line) => {
        const found = /(TCP|HTTP): listening on \S*:(\d+)/.exec(line)
        if (found?.[1] === 'TCP') lookupd.tcpAddress = `127.0.0.1:${found[2]}`
        if (found?.[1] === 'HTTP') lookupd.httpAddress = `127.0.0.1:${found[2]}`
        if (lookupd.tcpAddress !== '' && lookupd.httpAddress !== '') resolve()
      })
    })
    return lookupd
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }
}
