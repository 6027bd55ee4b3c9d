import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildReference, ToolMissingError } from './build.ts'
import { repositoryFolder } from './folders.ts'

const START_TIMEOUT_MS = 15_000

/** Which nsqadmin: this repository's, or NSQ 1.3.0. */
export type AdminBinary = 'ours' | 'reference'

export interface AdminAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined where the answer is no JSON. */
  readonly json: unknown
}

/** A nsqadmin process on a port of the system's choosing. Disposing of it stops it. */
export class RunningAdmin implements AsyncDisposable {
  httpAddress = ''
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>

  static async start(binary: AdminBinary, flags: readonly string[]): Promise<RunningAdmin> {
    const [command, ...leading] = await commandOf(binary)
    const child = spawn(command, [...leading, '--http-address=127.0.0.1:0', ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const admin = new RunningAdmin(child)
    try {
      await admin.#listening(binary)
    } catch (error) {
      await admin.stop()
      throw error
    }
    return admin
  }

  private constructor(child: ChildProcess) {
    this.#process = child
    this.#exited = once(child, 'exit')
  }

  /** A call as the reference's own page makes it. */
  async call(method: string, target: string, body?: unknown): Promise<AdminAnswer> {
    const response = await fetch(`http://${this.httpAddress}${target}`, {
      method,
      redirect: 'manual',
      headers: {
        'X-UserAgent': 'nsqadmin/v1.3.0',
        Accept: 'application/vnd.nsq; version=1.0',
        'Content-Type': 'application/json',
        'X-Requested-With': 'XMLHttpRequest',
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parsed(text) }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM')
    }
    await this.#exited
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #listening(binary: AdminBinary): Promise<void> {
    const { stderr } = this.#process
    if (stderr === null) throw new Error('nsqadmin was started without a pipe for its log')
    return new Promise((resolve, reject) => {
      let lastLine = ''
      const giveUp = (why: string): void =>
        reject(new Error(`nsqadmin (${binary}) ${why}; its log ends: ${lastLine}`))
      const timer = setTimeout(giveUp, START_TIMEOUT_MS, 'does not listen')
      this.#process.once('exit', (code, signal) => giveUp(`ended with ${code ?? signal}`))
      createInterface({ input: stderr }).on('line', (line) => {
        lastLine = line
        const [, address] = /HTTPS?: listening on (\S+)/.exec(line) ?? []
        if (address === undefined) return
        this.httpAddress = address
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function commandOf(binary: AdminBinary): Promise<[string, ...string[]]> {
  if (binary === 'reference') return [await buildReference('nsqadmin')]
  const program = join(repositoryFolder, 'packages', 'tsq', 'bin', 'nsqadmin.js')
  if (!existsSync(program)) throw new ToolMissingError('Our nsqadmin is missing: it is not built.')
  return [process.execPath, program]
}
