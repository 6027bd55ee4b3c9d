import type { Clock } from '../clock.ts'
import { Histogram } from '../histogram.ts'

/**
 * End-to-end latencies of a channel over a moving window, kept as two halves: what is told covers the half that is being
 * filled and the one before, as in nsqd.
 */
export class LatencyWindow {
  readonly #clock: Clock
  readonly #halfMs: number
  #current = new Histogram()
  #previous = new Histogram()
  /** What has left the window. */
  readonly #past = new Histogram()
  #turnsAt: number

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock
    this.#halfMs = windowMs / 2
    this.#turnsAt = clock.now() + this.#halfMs
  }

  /**
   * @param publishedAt when the message was published, on the core's clock.
   */
  record(publishedAt: number): void {
    const now = this.#clock.now()
    if (now >= this.#turnsAt) this.#turn(now)
    // Another node's clock, or a step of this one's, may have published it in the future.
    this.#current.record(Math.max(0, now - publishedAt))
  }

  /** What the window covers now. A copy. */
  recent(): Histogram {
    const now = this.#clock.now()
    if (now >= this.#turnsAt) this.#turn(now)
    const both = new Histogram()
    both.add(this.#previous)
    both.add(this.#current)
    return both
  }

  /** Everything since the start. A copy. */
  total(): Histogram {
    const all = this.recent()
    all.add(this.#past)
    return all
  }

  #turn(now: number): void {
    const halves = Math.floor((now - this.#turnsAt) / this.#halfMs) + 1
    for (let i = 0; i < Math.min(halves, 2); i++) {
      this.#past.add(this.#previous)
      this.#previous.clear()
      const emptied = this.#previous
      this.#previous = this.#current
      this.#current = emptied
    }
    this.#turnsAt += halves * this.#halfMs
  }
}
