import type { TimestampNs } from '@tsq/protocol'

const TWO_32 = 2n ** 32n

/** Time and timers, as the broker's core asks for them; tests put a clock of their own in its place. */
export interface Clock {
  /** Milliseconds that only go forward, for timeouts. */
  now(): number
  /** Unix milliseconds, for what must be right after a restart. */
  wallMs(): number
  /** The moment in Unix nanoseconds, written into `target`. */
  stamp(target: TimestampNs): void
  /** Calls back once, no earlier than asked. Returns what cancels it. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void
}

/** How far the two clocks may drift apart before the stamp follows the wall clock's correction. */
const MAX_DRIFT_MS = 5

export class SystemClock implements Clock {
  #offsetMs = Date.now() - performance.now()

  now(): number {
    return performance.now()
  }

  wallMs(): number {
    return Date.now()
  }

  stamp(target: TimestampNs): void {
    const now = performance.now()
    const offsetMs = Date.now() - now
    // Date.now() is cut to whole milliseconds, so it may seem up to one behind.
    const drift = offsetMs - this.#offsetMs
    if (drift > MAX_DRIFT_MS || drift < -MAX_DRIFT_MS) this.#offsetMs = offsetMs
    const ms = this.#offsetMs + now
    const wholeMs = Math.floor(ms)
    const ns = BigInt(wholeMs) * 1_000_000n + BigInt(Math.floor((ms - wholeMs) * 1e6))
    target.high = Number(ns / TWO_32)
    target.low = Number(ns % TWO_32)
  }

  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, Math.min(Math.max(Math.ceil(ms), 0), 2 ** 31 - 1))
    timer.unref()
    return () => clearTimeout(timer)
  }
}
