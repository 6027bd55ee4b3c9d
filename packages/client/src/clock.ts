/** Time as the RDY and back-off logic sees it, so that tests can turn the hands. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number
  /** Calls back once, unless cancelled. */
  after(delayMs: number, callback: () => void): Alarm
}

export interface Alarm {
  cancel(): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
