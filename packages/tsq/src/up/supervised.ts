import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import type { Ports } from './options.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** Who ran this long is well again: the next pause is short. */
const WELL_AFTER_MS = 10_000
/** What listens to nothing is up when it has run this long. */
const UP_AFTER_MS = 500
/** How long a process may take to stop before it is killed. */
const STOP_LIMIT_MS = 35_000
const LISTENING = /(TCP|HTTP): listening on \S+:(\d+)$/

export type ProcessState = 'starting' | 'up' | 'waiting to restart' | 'ended' | 'stopped'

export interface ProcessSpec {
  /** Unique in the cluster, such as `nsqd-1`. */
  readonly name: string
  /** The program, a JavaScript file. */
  readonly program: string
  /** Wanted ports; 0 for any, which a restart then keeps. None for what doesn't listen. */
  readonly ports: Ports
  /** The words after the program's name, given where it listens. */
  args(ports: Ports): readonly string[]
}

export interface ProcessEvents {
  onLine(process: SupervisedProcess, line: string): void
  onState(process: SupervisedProcess): void
}

/** One daemon or tool of the cluster, a process of its own that is started again when it ends. */
export class SupervisedProcess {
  readonly name: string
  state: ProcessState = 'stopped'
  ports: Ports
  restarts = 0
  readonly #spec: ProcessSpec
  readonly #events: ProcessEvents
  #child: ChildProcess | undefined
  #startedAtMs = 0
  #pauseMs = FIRST_PAUSE_MS
  #timer: NodeJS.Timeout | undefined
  #isStopping = false
  #onUp: (() => void) | undefined
  #onFirstEnd: ((reason: string) => void) | undefined

  constructor(spec: ProcessSpec, events: ProcessEvents) {
    this.name = spec.name
    this.ports = spec.ports
    this.#spec = spec
    this.#events = events
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Starts it and waits until it listens, or has run for a moment where it doesn't.
   *
   * @throws when it ends instead; its log says why.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onUp = resolve
      this.#onFirstEnd = (reason) => reject(new Error(`${this.name} did not start: ${reason}`))
      this.#spawn()
    })
  }

  #spawn(): void {
    const child = spawn(process.execPath, [this.#spec.program, ...this.#spec.args(this.ports)], {
      // The channel carries nothing: when it breaks, because we were killed, the daemon stops too.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Ctrl-C goes to us; we stop them in order.
      detached: true,
    })
    this.#child = child
    this.#startedAtMs = performance.now()
    this.#setState('starting')
    if (this.#spec.ports.http === undefined) this.#timer = setTimeout(() => this.#up(), UP_AFTER_MS)
    const lines = createInterface({ input: child.stderr! })
    lines.on('line', (line) => this.#read(line))
    child.on('error', (error) => this.#ended(error.message))
    child.on('exit', (code, signal) => {
      if (code === 0) this.#endedInOrder()
      else this.#ended(signal ?? `exit code ${code}`)
    })
  }

  #read(line: string): void {
    this.#events.onLine(this, line)
    const match = this.state === 'starting' ? LISTENING.exec(line) : null
    if (match === null) return
    const port = Number(match[2])
    this.ports = match[1] === 'TCP' ? { ...this.ports, tcp: port } : { ...this.ports, http: port }
    // A daemon listens for HTTP last.
    if (match[1] === 'HTTP') this.#up()
  }

  #up(): void {
    this.#setState('up')
    this.#onUp?.()
    this.#onFirstEnd = undefined
  }

  /** A nsqd that was drained ends by itself, and is not wanted back. */
  #endedInOrder(): void {
    this.#child = undefined
    clearTimeout(this.#timer)
    this.#setState(this.#isStopping ? 'stopped' : 'ended')
    this.#onFirstEnd?.('it ended at once')
  }

  #ended(reason: string): void {
    if (this.#child === undefined) return
    this.#child = undefined
    clearTimeout(this.#timer)
    if (this.#isStopping || this.#onFirstEnd !== undefined) {
      this.#setState('stopped')
      this.#onFirstEnd?.(reason)
      return
    }
    if (performance.now() - this.#startedAtMs > WELL_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS
    this.#events.onLine(this, `ended (${reason}), starts again in ${this.#pauseMs} ms`)
    this.#setState('waiting to restart')
    this.#timer = setTimeout(() => {
      this.restarts += 1
      this.#spawn()
    }, this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  #setState(state: ProcessState): void {
    this.state = state
    this.#events.onState(this)
  }

  /** Stops it the gentle way, and after a time limit the other way. */
  stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    const child = this.#child
    if (child === undefined) {
      this.#setState('stopped')
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.kill('SIGTERM')
    })
  }

  /** Ends it at once; `stop` has been called before. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }
}
