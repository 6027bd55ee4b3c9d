// NSQ's own nsqlookupd and nsqadmin as processes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildReference } from './build.ts'

const START_TIMEOUT_MS = 15_000
const STOP_TIMEOUT_MS = 15_000
const WAIT_TIMEOUT_MS = 25_000

/** A program of NSQ 1.3.0's that listens. Disposing of it stops it. */
export class ReferenceDaemon implements AsyncDisposable {
  tcpAddress = ''
  httpAddress = ''
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>

  private constructor(process: ChildProcess) {
    this.#process = process
    this.#exited = once(process, 'exit')
  }

  /** Starts it; on ports of the system's choosing unless told otherwise. */
  static async start(
    name: 'nsqlookupd' | 'nsqadmin',
    args: readonly string[] = [],
  ): Promise<ReferenceDaemon> {
    const defaults = name === 'nsqlookupd' ? ['-tcp-address=127.0.0.1:0'] : []
    const process = spawn(
      await buildReference(name),
      [...defaults, '-http-address=127.0.0.1:0', '-broadcast-address=127.0.0.1', ...args].filter(
        (arg) => name === 'nsqlookupd' || !arg.startsWith('-broadcast'),
      ),
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const daemon = new ReferenceDaemon(process)
    try {
      await daemon.#listening(name === 'nsqlookupd')
    } catch (error) {
      await daemon[Symbol.asyncDispose]()
      throw error
    }
    return daemon
  }

  #listening(hasTcp: boolean): Promise<void> {
    const { stderr } = this.#process
    if (stderr === null) throw new Error('it was started without a pipe for its log')
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error('it does not listen'))
      const timer = setTimeout(giveUp, START_TIMEOUT_MS)
      this.#process.once('exit', giveUp)
      createInterface({ input: stderr }).on('line', (line) => {
        const [, kind, address] = /(TCP|HTTP): listening on (\S+)/.exec(line) ?? []
        if (address === undefined) return
        if (kind === 'TCP') this.tcpAddress = address
        else this.httpAddress = address
        if ((hasTcp && this.tcpAddress === '') || this.httpAddress === '') return
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** What it answers by HTTP, as JSON; undefined where that is no success. */
  async get(target: string): Promise<unknown> {
    const response = await fetch(`http://${this.httpAddress}${target}`)
    const text = await response.text()
    return response.ok ? JSON.parse(text) : undefined
  }

  async send(method: 'POST' | 'DELETE', target: string, body?: object): Promise<void> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    const response = await fetch(`http://${this.httpAddress}${target}`, init)
    if (!response.ok) throw new Error(`${target} answered ${response.status}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode !== null || signalCode !== null) return
    this.#process.kill('SIGTERM')
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(insist)
  }
}

/** Asks until the answer is as wanted, and gives it. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  what: string,
): Promise<T> {
  const giveUpMs = Date.now() + WAIT_TIMEOUT_MS
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    if (Date.now() > giveUpMs) throw new Error(`not so: ${what}; ${JSON.stringify(answer)}`)
    await sleep(50)
  }
}
