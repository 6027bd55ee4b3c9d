// Fixtures run as processes of their own.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'

export class Child {
  readonly process: ChildProcess
  stdout = ''
  stderr = ''
  readonly #watchers = new Set<() => void>()
  readonly #ended: Promise<void>

  constructor(t: TestContext, fixture: string, argv: readonly string[]) {
    const file = fileURLToPath(new URL(`fixtures/${fixture}.js`, import.meta.url))
    this.process = spawn(process.execPath, [file, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      for (const watcher of this.#watchers) watcher()
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#ended = once(this.process, 'close').then(() => undefined)
    t.after(() => this.process.kill('SIGKILL'))
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /** Waits for a line on standard output. */
  async says(line: string): Promise<void> {
    const isSaid = (): boolean => this.stdout.split('\n').includes(line)
    if (isSaid()) return
    await new Promise<void>((resolve, reject) => {
      this.#watchers.add(() => {
        if (isSaid()) resolve()
      })
      void this.#ended.then(() => reject(new Error(`ended without "${line}": ${this.stderr}`)))
    })
  }

  kill(signal: NodeJS.Signals): this {
    this.process.kill(signal)
    return this
  }

  /** The exit code, or the signal it died of, once all output has arrived. */
  async ends(): Promise<number | NodeJS.Signals | null> {
    await this.#ended
    return this.process.exitCode ?? this.process.signalCode
  }
}
