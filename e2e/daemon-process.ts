import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const KEPT_LINES = 200
const START_TIMEOUT_MS = 60_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** An nsqd or nsqlookupd that says on standard error where it listens. */
export class DaemonProcess {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>
  /** `host:port` or a Unix socket's path, once it listens. */
  tcpAddress = ''
  httpAddress = ''

  /** @param command program and arguments. */
  constructor(command: readonly string[]) {
    const [program = '', ...args] = command
    this.#child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#read(line))
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  #read(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
    const [, kind, address] = /(TCP|HTTP): listening on (\S+)/.exec(line) ?? []
    if (address === undefined) return
    if (kind === 'TCP') this.tcpAddress = address
    else this.httpAddress = address
    if (this.#listens) this.#child.emit('listening')
  }

  get #listens(): boolean {
    return this.tcpAddress !== '' && this.httpAddress !== ''
  }

  get tcpPort(): number {
    return portOf(this.tcpAddress)
  }

  get httpPort(): number {
    return portOf(this.httpAddress)
  }

  /** Its last lines on standard error. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** @throws when it ends instead. */
  async listening(): Promise<void> {
    if (this.#listens) return
    const limit = AbortSignal.timeout(START_TIMEOUT_MS)
    const listening = once(this.#child, 'listening', { signal: limit })
    await Promise.race([
      listening,
      this.ended.then(({ code, signal }) => {
        throw new Error(`it ended with ${code ?? signal} instead of listening:\n${this.output}`)
      }),
    ])
  }

  /** Ends it and waits until it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Ended> {
    this.#child.kill(signal)
    return this.ended
  }

  async get(url: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}${url}`)
    return response.text()
  }

  async post(url: string, body: string): Promise<{ status: number; text: string }> {
    const target = `http://127.0.0.1:${this.httpPort}${url}`
    const response = await fetch(target, { method: 'POST', body })
    return { status: response.status, text: await response.text() }
  }
}

function portOf(address: string): number {
  return Number(/:(\d+)$/.exec(address)?.[1] ?? 0)
}
