const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 900_000

/** Whether one destination answers, and when one that doesn't may be tried again. */
export class Health {
  #pauseMs = 0
  #triedAgainAtMs = 0

  get isDead(): boolean {
    return this.#pauseMs > 0
  }

  /**
   * Whether a message may be sent to it now. When it is dead and its pause is over that is true once: the next try is a
   * pause twice as long away, unless this one succeeds.
   */
  take(nowMs: number): boolean {
    if (!this.isDead) return true
    if (nowMs < this.#triedAgainAtMs) return false
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    this.#triedAgainAtMs = nowMs + this.#pauseMs
    return true
  }

  revive(): void {
    this.#pauseMs = 0
  }

  /** A destination that is dead already keeps the pause it has. */
  fail(nowMs: number): void {
    if (this.isDead) return
    this.#pauseMs = FIRST_PAUSE_MS
    this.#triedAgainAtMs = nowMs + FIRST_PAUSE_MS
  }
}
