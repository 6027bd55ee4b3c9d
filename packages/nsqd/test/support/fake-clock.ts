import type { TimestampNs } from '@tsq/protocol'

import type { Clock } from '../../src/clock.ts'

const TWO_32 = 2n ** 32n
/** 2026-01-01T00:00:00Z */
const START_MS = 1_767_225_600_000

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Time that goes when a test says so. */
export class FakeClock implements Clock {
  #now = 0
  readonly #startMs: number
  readonly #timers = new Set<Timer>()

  /** @param startMs what the wall clock shows at first, in Unix ms. */
  constructor(startMs = START_MS) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#now
  }

  wallMs(): number {
    return this.#startMs + this.#now
  }

  stamp(target: TimestampNs): void {
    const ns = BigInt(Math.round(this.wallMs() * 1_000)) * 1_000n
    target.high = Number(ns / TWO_32)
    target.low = Number(ns % TWO_32)
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size
  }

  /** Goes on by so much and stops at every timer on the way, those set meanwhile included. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      let next: Timer | undefined
      for (const timer of this.#timers) {
        if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer
      }
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = until
  }
}
