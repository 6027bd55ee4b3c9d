import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

import type { Place } from './place.ts'
import type { Order, Report } from './worker.ts'

const WORKER = path.resolve(import.meta.dirname, 'worker.js')

/** A worker at its place, as seen from outside. */
export class WorkerProcess {
  /** Connections to nsqd that its consumer has. */
  connections = 0
  readonly #child: ChildProcess
  readonly #answers: ((answer: { status: number; text: string }) => void)[] = []

  constructor(place: Place, onReport: (report: Report) => void = () => undefined) {
    const [command = '', ...args] = place.commandFor([process.execPath, WORKER])
    this.#child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', (report: Report) => {
      if (report.kind === 'connections') this.connections = report.count
      else if (report.kind === 'answer') this.#answers.shift()?.(report)
      else onReport(report)
    })
  }

  tell(order: Order): void {
    this.#child.send(order)
  }

  /** Asks over HTTP from its place, one at a time. Status 0 where nobody answers. */
  ask(url: string, method: 'GET' | 'POST' = 'GET'): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      this.#answers.push(resolve)
      this.tell({ kind: 'ask', url, method })
    })
  }

  /** Publishers first get all their answers; consumers answer what they have. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.tell({ kind: 'close' })
    await exited
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}
