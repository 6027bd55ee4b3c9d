import { appendFile } from 'node:fs/promises'

import type { Logger } from '@tsq/daemon'

import type { AuditEntry } from '../api.ts'

/** What is kept in memory, for the page. The file keeps everything. */
const KEPT = 1_000
/** Lines that wait to be written; more are dropped and counted. */
const MAX_WAITING = 1_000

/** Who did what, and what came of it. */
export class Audit {
  readonly #file: string
  readonly #logger: Logger
  /** Oldest first. */
  readonly #entries: AuditEntry[] = []
  #waiting: string[] = []
  #lost = 0
  #writing: Promise<void> | undefined

  /** @param file appended to; none when empty. */
  constructor(file: string, logger: Logger) {
    this.#file = file
    this.#logger = logger
  }

  /** The last actions, newest first. */
  get entries(): AuditEntry[] {
    return this.#entries.toReversed()
  }

  /** Lines that could not be written to the file. */
  get lost(): number {
    return this.#lost
  }

  /** Makes sure that the file can be appended to. @throws what the file system says */
  async open(): Promise<void> {
    if (this.#file !== '') await appendFile(this.#file, '', { mode: 0o600 })
  }

  add(entry: AuditEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > KEPT) this.#entries.shift()
    const { action, user, ok } = entry
    const where = [entry.topic, entry.channel, entry.node].filter((one) => one !== undefined)
    const who = user === '' ? entry.remote : `${user} (${entry.remote})`
    this.#logger.info(
      `ACTION: ${action} ${where.join(' ')} by ${who}: ${ok ? 'ok' : entry.message}`,
    )
    if (this.#file === '') return
    if (this.#waiting.length >= MAX_WAITING) {
      this.#lost += 1
      return
    }
    this.#waiting.push(`${JSON.stringify(entry)}\n`)
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  /** Resolves when everything is in the file. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      try {
        // oxlint-disable-next-line no-await-in-loop -- lines are written in order
        await appendFile(this.#file, lines.join(''), { mode: 0o600 })
      } catch (error) {
        this.#lost += lines.length
        this.#logger.error(`audit log ${this.#file} can't be written`, { err: error })
      }
    }
  }
}
