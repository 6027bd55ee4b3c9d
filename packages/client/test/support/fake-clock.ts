import type { Alarm, Clock } from '../../src/clock.ts'

interface Due {
  readonly at: number
  readonly callback: () => void
}

/** Time that goes when a test says so. */
export class FakeClock implements Clock {
  #now = 0
  readonly #alarms = new Set<Due>()

  now(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): Alarm {
    const due = { at: this.#now + delayMs, callback }
    this.#alarms.add(due)
    return { cancel: () => this.#alarms.delete(due) }
  }

  /** Alarms that are set. */
  get pending(): number {
    return this.#alarms.size
  }

  /** Goes on by so much, and stops at every alarm on the way. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      let next: Due | undefined
      for (const due of this.#alarms) {
        if (due.at <= until && (next === undefined || due.at < next.at)) next = due
      }
      if (next === undefined) break
      this.#alarms.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = until
  }
}
