/** The shortest that can be told from the system being busy elsewhere. */
const SHORTEST_MS = 1
const LOOK_EVERY_MS = 10
const MAX_KEPT = 200

/** A time in which the event loop, and so all of nsqd, did one thing only. */
export interface Stall {
  /** Unix time in milliseconds at which it was over. */
  readonly endedAtMs: number
  readonly ms: number
}

/** Keeps the latest stalls of the event loop, from when it is told how long they must be. */
export class StallWatch {
  /** Of all that were long enough. */
  count = 0
  #kept: Stall[] = []
  #timer: NodeJS.Timeout | undefined

  /** Oldest first. */
  get latest(): readonly Stall[] {
    return this.#kept
  }

  /** @param leastMs 0 to stop watching. What was kept goes. */
  watch(leastMs: number): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#kept = []
    this.count = 0
    if (leastMs <= 0) return
    const least = Math.max(leastMs, SHORTEST_MS)
    let last = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      const late = now - last - LOOK_EVERY_MS
      last = now
      if (late >= least) this.#keep({ endedAtMs: Date.now(), ms: late })
    }, LOOK_EVERY_MS)
    this.#timer.unref()
  }

  #keep(stall: Stall): void {
    this.count += 1
    this.#kept.push(stall)
    if (this.#kept.length > MAX_KEPT) this.#kept.shift()
  }
}
