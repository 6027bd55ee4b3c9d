import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { TempFolder, until } from '@tsq/testing'

const TSQ = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/tsq.js')
const LIMIT_MS = 60_000

/** What `tsq up` writes of each daemon. */
export interface DaemonState {
  readonly name: string
  readonly state: string
  readonly pid?: number
  readonly host: string
  readonly tcp?: number
  readonly http?: number
  readonly restarts: number
}

/** `tsq up` over a folder of its own, on ports that the system chose. */
export class UpCluster implements AsyncDisposable {
  readonly #folder = new TempFolder('up')
  readonly #child: ChildProcess
  #output = ''

  /**
   * Waits until it is up.
   *
   * @param flags may depend on the folder its data are in.
   */
  static async start(flags: (folder: string) => readonly string[] = none): Promise<UpCluster> {
    const cluster = new UpCluster(flags)
    await until('tsq up says how to publish', () => cluster.output.includes('tsq pub'), {
      timeoutMs: LIMIT_MS,
    })
    return cluster
  }

  private constructor(flags: (folder: string) => readonly string[]) {
    const args = ['up', `--data=${this.folder}`, '--base-port=0', ...flags(this.folder)]
    this.#child = spawn(process.execPath, [TSQ, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout!.on('data', (bytes: Buffer) => {
      this.#output += bytes.toString()
    })
  }

  get folder(): string {
    return this.#folder.path
  }

  /** Everything it printed. */
  get output(): string {
    return this.#output
  }

  /** Null while it runs. */
  get exitCode(): number | null {
    return this.#child.exitCode
  }

  async daemons(): Promise<DaemonState[]> {
    const text = await readFile(this.#folder.at('tsq-up.json'), 'utf8')
    return (JSON.parse(text) as { daemons: DaemonState[] }).daemons
  }

  /** @throws when there is none of that name. */
  async daemon(name: string): Promise<DaemonState> {
    const found = (await this.daemons()).find((one) => one.name === name)
    if (found === undefined) throw new Error(`tsq up runs no ${name}`)
    return found
  }

  /** Where a daemon answers HTTP, `host:port`. */
  async http(name: string): Promise<string> {
    const { host, http } = await this.daemon(name)
    if (http === undefined) throw new Error(`${name} has no HTTP address`)
    return `${host}:${http}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const gone = once(this.#child, 'close')
      this.#child.kill('SIGTERM')
      const insist = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
      await gone
      clearTimeout(insist)
    }
    this.#folder[Symbol.dispose]()
  }
}

function none(): readonly string[] {
  return []
}
