import { setTimeout as sleep } from 'node:timers/promises'

/** Lets so many records a second through: one at once, then as the seconds pass, never more than a second's at a time. */
export class Throttle {
  readonly #perSecond: number
  readonly #now: () => number
  #credit = 1
  #countedAtMs: number

  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond
    this.#now = now
    this.#countedAtMs = now()
  }

  /** How many of `wanted` records may go now; takes them off. */
  take(wanted: number): number {
    const now = this.#now()
    this.#credit += ((now - this.#countedAtMs) / 1_000) * this.#perSecond
    this.#credit = Math.min(this.#credit, this.#perSecond)
    this.#countedAtMs = now
    const taken = Math.min(wanted, Math.floor(this.#credit))
    this.#credit -= taken
    return taken
  }

  /** Waits until there is something to take. */
  async wait(signal: AbortSignal): Promise<void> {
    const missing = Math.max(0, 1 - this.#credit)
    await sleep(Math.max(1, Math.ceil((missing / this.#perSecond) * 1_000)), undefined, { signal })
  }
}
