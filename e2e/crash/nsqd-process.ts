import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

const BINARY = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/nsqd.js')
const KEPT_LINES = 200
const START_TIMEOUT_MS = 60_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What is run as nsqd: ours, or the program that TSQ_E2E_NSQD names, such as NSQ's own. */
function nsqdCommand(): readonly [program: string, ...args: string[]] {
  const other = process.env['TSQ_E2E_NSQD']
  return other === undefined ? [process.execPath, BINARY] : [other]
}

/** The drop-in binary on a data path, on ports of its own. */
export class NsqdProcess {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>
  tcpPort = 0
  httpPort = 0

  constructor(dataPath: string, flags: readonly string[] = []) {
    const own = [
      `--data-path=${dataPath}`,
      '--tcp-address=127.0.0.1:0',
      '--http-address=127.0.0.1:0',
      '--broadcast-address=127.0.0.1',
    ]
    const [program, ...args] = nsqdCommand()
    this.#child = spawn(program, [...args, ...own, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#read(line))
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  #read(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
    const tcp = /TCP: listening on \S*:(\d+)/.exec(line)
    const http = /HTTP: listening on \S*:(\d+)/.exec(line)
    if (tcp !== null) this.tcpPort = Number(tcp[1])
    if (http !== null) this.httpPort = Number(http[1])
    if (this.tcpPort > 0 && this.httpPort > 0) this.#child.emit('listening')
  }

  /** Its last lines on standard error. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** @throws when it ends instead. */
  async listening(): Promise<void> {
    if (this.httpPort > 0) return
    const limit = AbortSignal.timeout(START_TIMEOUT_MS)
    const listening = once(this.#child, 'listening', { signal: limit })
    await Promise.race([
      listening,
      this.ended.then(({ code, signal }) => {
        throw new Error(`nsqd ended with ${code ?? signal} instead of listening:\n${this.output}`)
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
