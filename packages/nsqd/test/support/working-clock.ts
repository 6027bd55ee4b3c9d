import { FakeClock } from './fake-clock.ts'

/** Time that also goes a little each time it is asked for, as if work took some. */
export class WorkingClock extends FakeClock {
  /** What each time costs. */
  costMs = 0
  /** How often a timer was set. */
  timers = 0
  #workedMs = 0

  override now(): number {
    this.#workedMs += this.costMs
    return super.now() + this.#workedMs
  }

  override after(ms: number, run: () => void): () => void {
    this.timers += 1
    return super.after(ms, run)
  }
}
