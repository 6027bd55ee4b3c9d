import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const BIN = path.resolve(import.meta.dirname, '../../../packages/tsq/bin')
const TIMEOUT_MS = 30_000
const KEPT_BYTES = 1_000_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A utility under its drop-in name, killed when it goes out of scope still running. */
export class ToolProcess implements AsyncDisposable {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>
  stdout = ''
  stderr = ''

  /** @param name such as `nsq_to_file` */
  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#name = name
    this.#child = spawn(process.execPath, [path.join(BIN, `${name}.js`), ...args], {
      stdio: 'pipe',
      env: { ...process.env, ...env },
    })
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.stdout = `${this.stdout}${bytes.toString()}`.slice(-KEPT_BYTES)
    })
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.stderr = `${this.stderr}${bytes.toString()}`.slice(-KEPT_BYTES)
    })
    // A tool that has ended takes no more input.
    this.#child.stdin?.on('error', () => undefined)
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Gives it all its input. */
  input(text: string | Uint8Array): void {
    this.#child.stdin?.end(text)
  }

  /** Gives it a part of its input; resolves when it may have more. */
  async write(text: string): Promise<void> {
    const { stdin } = this.#child
    if (stdin === null || stdin.write(text)) return
    await Promise.race([once(stdin, 'drain'), this.#ended])
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Resolves when it is gone. @throws when it does not go. */
  async ended(timeoutMs = TIMEOUT_MS): Promise<Ended> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#child.kill('SIGKILL')
        reject(new Error(`${this.#name} did not end:\n${this.stderr}`))
      }, timeoutMs)
    })
    try {
      return await Promise.race([this.#ended, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Ends it as an operator does. @throws unless it goes with exit code 0. */
  async stop(): Promise<void> {
    const { code, signal } = await this.end('SIGTERM')
    if (code !== 0) throw new Error(`${this.#name} ended with ${code ?? signal}:\n${this.stderr}`)
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.signal(signal)
    return this.ended()
  }
}

/** Runs a utility to its end. */
export async function runTool(
  name: string,
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<Ended & { readonly stdout: string; readonly stderr: string }> {
  await using tool = new ToolProcess(name, args)
  tool.input(input)
  const ended = await tool.ended()
  return { ...ended, stdout: tool.stdout, stderr: tool.stderr }
}
