// Asks several nsqlookupd in parallel, again and again.

import { asError, LookupError } from './errors.ts'
import type { LookupTarget } from './lookup.ts'
import { LookupNames, type Resolve } from './lookup-names.ts'

export interface PollerSettings {
  readonly intervalMs: number
  readonly jitter: number
  readonly filter: ((addresses: string[]) => string[]) | undefined
  /** Asks one; rejects with what went wrong. */
  ask(lookupd: LookupTarget, signal: AbortSignal): Promise<string[]>
  /** The addresses any of them has now, each once. */
  onNodes(addresses: string[]): void
  /** 404 is not among them. */
  onError(error: Error): void
  /** Finds the addresses behind the names of nsqlookupd; the system's resolver by default. */
  readonly resolve?: Resolve
}

export class LookupPoller {
  readonly #settings: PollerSettings
  /** What each said last, kept while it doesn't answer; by URL, then by address. */
  readonly #answers = new Map<string, Map<string, string[]>>()
  readonly #names: LookupNames
  readonly #lookupds = new Map<string, URL>()
  readonly #aborter = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  constructor(lookupds: readonly URL[], settings: PollerSettings) {
    this.#settings = settings
    this.#names = new LookupNames(settings.resolve)
    for (const lookupd of lookupds) this.#lookupds.set(lookupd.href, lookupd)
  }

  /** Asks at once, then once after a random part of the interval, then every interval. */
  start(): void {
    void this.poll()
    const { intervalMs, jitter } = this.#settings
    this.#timer = setTimeout(
      () => {
        this.#timer = setInterval(() => void this.poll(), intervalMs)
      },
      intervalMs + Math.random() * jitter * intervalMs,
    )
  }

  stop(): void {
    // Clears an interval too.
    clearTimeout(this.#timer)
    this.#aborter.abort()
  }

  get addresses(): string[] {
    return [...this.#lookupds.keys()]
  }

  add(lookupd: URL): void {
    this.#lookupds.set(lookupd.href, lookupd)
  }

  /** @returns whether it was there. */
  remove(lookupd: URL): boolean {
    this.#answers.delete(lookupd.href)
    return this.#lookupds.delete(lookupd.href)
  }

  /** Asks all of them now; a round that is under way is as good. */
  poll(): Promise<void> {
    this.#polling ??= this.#round().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  async #round(): Promise<void> {
    await Promise.all([...this.#lookupds.values()].map((lookupd) => this.#askAllOf(lookupd)))
    if (this.#aborter.signal.aborted) return
    const answers = [...this.#answers.values()].flatMap((byAddress) => [...byAddress.values()])
    const found = [...new Set(answers.flat())]
    try {
      this.#settings.onNodes(this.#settings.filter?.(found) ?? found)
    } catch (error) {
      this.#settings.onError(asError(error))
    }
  }

  /**
   * A name stands for all its addresses. An answer goes when its address does, but not before one of the new addresses
   * has answered: a failed lookup forgets nothing.
   */
  async #askAllOf(lookupd: URL): Promise<void> {
    const targets = await this.#names.targetsOf(lookupd)
    if (this.#aborter.signal.aborted || !this.#lookupds.has(lookupd.href)) return
    const before = this.#answers.get(lookupd.href)
    const answers = new Map<string, string[]>()
    this.#answers.set(lookupd.href, answers)
    for (const { ip = '' } of targets) {
      const known = before?.get(ip)
      if (known !== undefined) answers.set(ip, known)
    }
    const answered = await Promise.all(targets.map((target) => this.#askOne(target, answers)))
    if (before === undefined || answers.size > 0 || answered.includes(true)) return
    if (this.#answers.get(lookupd.href) === answers) this.#answers.set(lookupd.href, before)
  }

  /** @returns whether it answered, be it that it does not know the topic. */
  async #askOne(target: LookupTarget, answers: Map<string, string[]>): Promise<boolean> {
    const { ip = '' } = target
    try {
      answers.set(ip, await this.#settings.ask(target, this.#aborter.signal))
      return true
    } catch (error) {
      if (this.#aborter.signal.aborted) return false
      if (error instanceof LookupError && error.status === 404) {
        answers.delete(ip)
        return true
      }
      this.#settings.onError(asError(error))
      return false
    }
  }
}
