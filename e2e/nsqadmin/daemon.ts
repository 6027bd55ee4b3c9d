import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'

const BINARIES = path.resolve(import.meta.dirname, '../../../packages/tsq/bin')
const KEPT_LINES = 100
const START_TIMEOUT_MS = 60_000

export type Program = 'nsqd' | 'nsqlookupd' | 'nsqadmin'

function ours(program: Program): [string, string] {
  return [process.execPath, path.join(BINARIES, `${program}.js`)]
}

/** One of our programs, as people run it, on ports of its own. */
export class Daemon implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #ended: Promise<void>
  #tcpPort = 0
  #httpPort = 0

  /**
   * Waits until it listens.
   *
   * @param command another program of that name, such as NSQ's own
   * @throws when it ends instead
   */
  static async start(
    program: Program,
    flags: readonly string[],
    command: readonly [string, ...string[]] = ours(program),
  ): Promise<Daemon> {
    const daemon = new Daemon(command, flags)
    await daemon.#listening(program)
    return daemon
  }

  private constructor([file, ...first]: readonly [string, ...string[]], flags: readonly string[]) {
    this.#child = spawn(file, [...first, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => resolve())
    })
  }

  async #listening(program: Program): Promise<void> {
    const needsTcp = program !== 'nsqadmin'
    const lines = createInterface({ input: this.#child.stderr! })
    const started = new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`${program} does not listen:\n${this.#lines.join('\n')}`))
      }, START_TIMEOUT_MS)
      lines.on('line', (line) => {
        this.#lines.push(line)
        if (this.#lines.length > KEPT_LINES) this.#lines.shift()
        this.#tcpPort ||= Number(/TCP: listening on \S*:(\d+)/.exec(line)?.[1] ?? 0)
        this.#httpPort ||= Number(/HTTP: listening on \S*:(\d+)/.exec(line)?.[1] ?? 0)
        if (this.#httpPort === 0 || (needsTcp && this.#tcpPort === 0)) return
        clearTimeout(limit)
        resolve()
      })
      lines.once('close', () => {
        clearTimeout(limit)
        reject(new Error(`${program} ended:\n${this.#lines.join('\n')}`))
      })
    })
    await started
  }

  get tcp(): string {
    return `127.0.0.1:${this.#tcpPort}`
  }

  get http(): string {
    return `127.0.0.1:${this.#httpPort}`
  }

  /** @throws when it does not say yes */
  async post(url: string, body = ''): Promise<void> {
    const response = await fetch(`http://${this.http}${url}`, { method: 'POST', body })
    if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`)
  }

  /** From now on it takes connections and answers nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw()
    this.#child.kill('SIGTERM')
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await this.#ended
    clearTimeout(limit)
  }
}
