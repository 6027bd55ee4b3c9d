import type { Clock } from '../../src/clock.ts'

/** Time that stands still until it is moved. */
export class FakeClock implements Clock {
  #now = 0

  now(): number {
    return this.#now
  }

  wallMs(moment: number): number {
    return 1_700_000_000_000 + moment
  }

  advance(ms: number): void {
    this.#now += ms
  }
}
