// The benchmark's side of a generator process.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Job, Progress, Reply, Request, Result } from './generators/job.ts'

const MAIN = fileURLToPath(new URL('./generators/main.js', import.meta.url))
const REPLY_LIMIT_MS = 30_000

export interface Finished {
  readonly result: Result
  readonly cpuMicros: number
}

export class GeneratorProcess implements AsyncDisposable {
  readonly job: Job
  readonly #child: ChildProcess

  private constructor(job: Job) {
    this.job = job
    this.#child = fork(MAIN, [], { serialization: 'advanced', execArgv: [] })
  }

  /** Forks a process; when this resolves it is connected and waits for `start`. */
  static async launch(job: Job): Promise<GeneratorProcess> {
    const generator = new GeneratorProcess(job)
    try {
      await generator.#ask({ kind: 'prepare', job })
      return generator
    } catch (error) {
      await generator[Symbol.asyncDispose]()
      throw error
    }
  }

  async start(): Promise<void> {
    await this.#ask({ kind: 'start' })
  }

  async progress(): Promise<Progress> {
    const reply = await this.#ask({ kind: 'progress' })
    if (reply.kind !== 'progress') throw new Error(`expected progress, got ${reply.kind}`)
    return reply.progress
  }

  async finish(): Promise<Finished> {
    const reply = await this.#ask({ kind: 'finish' })
    if (reply.kind !== 'result') throw new Error(`expected a result, got ${reply.kind}`)
    return reply
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  /** One question at a time. */
  async #ask(request: Request): Promise<Reply> {
    const name = `the ${this.job.role} process`
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), REPLY_LIMIT_MS)
    const { signal } = abort
    try {
      this.#child.send(request)
      const exited = once(this.#child, 'exit', { signal }).then((): never => {
        throw new Error(`${name} ended by itself`)
      })
      const reply = await Promise.race([this.#reply(), exited])
      if (reply.kind === 'failed') throw new Error(`${name}: ${reply.reason}`)
      return reply
    } finally {
      clearTimeout(timer)
      abort.abort()
    }
  }

  #reply(): Promise<Reply> {
    return new Promise((resolve) => {
      this.#child.once('message', (reply: Reply) => resolve(reply))
    })
  }
}
