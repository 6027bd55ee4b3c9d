import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

import type { Place } from './place.ts'

const BINARIES = path.resolve(import.meta.dirname, '../../../packages/tsq/bin')
const KEPT_LINES = 50
const START_LIMIT_MS = 60_000
/** One line a poll tells nothing. */
const REQUEST = /INFO: 200 GET /
const LISTENING = /(TCP|HTTPS?): listening on \S*:(\d+)$/

export interface DaemonSpec {
  readonly kind: 'nsqd' | 'nsqlookupd'
  /** Such as `nsqd-1`. */
  readonly name: string
  readonly place: Place
  readonly flags: readonly string[]
}

/** A daemon of the cluster under test: killed and started again, it comes back on the ports it had. */
export class DaemonProcess {
  readonly name: string
  readonly place: Place
  tcpPort = 0
  httpPort = 0
  /** 0 where there is no HTTPS. */
  httpsPort = 0
  readonly #spec: DaemonSpec
  readonly #lines: string[] = []
  #child: ChildProcess | undefined

  private constructor(spec: DaemonSpec) {
    this.#spec = spec
    this.name = spec.name
    this.place = spec.place
  }

  static async start(spec: DaemonSpec): Promise<DaemonProcess> {
    const daemon = new DaemonProcess(spec)
    await daemon.start()
    return daemon
  }

  get tcpAddress(): string {
    return `${this.place.host}:${this.tcpPort}`
  }

  get httpAddress(): string {
    return `${this.place.host}:${this.httpPort}`
  }

  /** Its last lines on standard error, over all its lives. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** Starts it and waits until it listens. */
  async start(): Promise<void> {
    const { kind, place, flags } = this.#spec
    const { host } = place
    const [command = '', ...args] = place.commandFor([
      process.execPath,
      path.join(BINARIES, `${kind}.js`),
      `--tcp-address=${host}:${this.tcpPort}`,
      `--http-address=${host}:${this.httpPort}`,
      `--broadcast-address=${host}`,
      ...flags,
    ])
    // The channel carries nothing: it breaks when we are killed, and the daemon stops.
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#child = child
    const seen = new Set<string>()
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (!REQUEST.test(line)) this.#lines.push(line)
      if (this.#lines.length > KEPT_LINES) this.#lines.shift()
      const match = LISTENING.exec(line)
      if (match === null) return
      if (match[1] === 'TCP') this.tcpPort = Number(match[2])
      else if (match[1] === 'HTTPS') this.httpsPort = Number(match[2])
      else this.httpPort = Number(match[2])
      seen.add(match[1]!)
      if (seen.has('TCP') && seen.has('HTTP')) child.emit('listening')
    })
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${this.name} ended with ${String(code ?? signal)}:\n${this.output}`)
    })
    const limit = AbortSignal.timeout(START_LIMIT_MS)
    try {
      await Promise.race([once(child, 'listening', { signal: limit }), ended])
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
    // From here on it ends when it is told to.
    ended.catch(() => undefined)
  }

  /** Ends it and waits until it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
}
