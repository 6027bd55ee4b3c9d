// Asks several nsqlookupd in parallel, again and again.

import { asError, LookupError } from './errors.ts'

export interface PollerSettings {
  readonly intervalMs: number
  readonly jitter: number
  readonly filter: ((addresses: string[]) => string[]) | undefined
  /** Asks one; rejects with what went wrong. */
  ask(lookupd: URL, signal: AbortSignal): Promise<string[]>
  /** The addresses any of them has now, each once. */
  onNodes(addresses: string[]): void
  /** 404 is not among them. */
  onError(error: Error): void
}

export class LookupPoller {
  readonly #settings: PollerSettings
  /** By URL; what each said last, kept while it doesn't answer. */
  readonly #answers = new Map<string, string[]>()
  readonly #lookupds = new Map<string, URL>()
  readonly #aborter = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  constructor(lookupds: readonly URL[], settings: PollerSettings) {
    this.#settings = settings
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
    await Promise.all([...this.#lookupds.values()].map((lookupd) => this.#askOne(lookupd)))
    if (this.#aborter.signal.aborted) return
    const found = [...new Set([...this.#answers.values()].flat())]
    try {
      this.#settings.onNodes(this.#settings.filter?.(found) ?? found)
    } catch (error) {
      this.#settings.onError(asError(error))
    }
  }

  async #askOne(lookupd: URL): Promise<void> {
    try {
      const nodes = await this.#settings.ask(lookupd, this.#aborter.signal)
      if (this.#lookupds.has(lookupd.href)) this.#answers.set(lookupd.href, nodes)
    } catch (error) {
      if (this.#aborter.signal.aborted) return
      if (error instanceof LookupError && error.status === 404) {
        this.#answers.delete(lookupd.href)
      } else this.#settings.onError(asError(error))
    }
  }
}
