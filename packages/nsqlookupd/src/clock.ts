/** Time, as the registry asks for it; tests put a clock of their own in its place. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number
  /** The Unix time, in milliseconds, of a moment of `now`. */
  wallMs(moment: number): number
}

export class SystemClock implements Clock {
  now(): number {
    return performance.now()
  }

  wallMs(moment: number): number {
    return performance.timeOrigin + moment
  }
}
