const POINTS = 30
const STEP_MS = 20_000

/** Depth over the last ten minutes, for the small line in the list of topics. */
export class Spark {
  readonly #points = new Float32Array(POINTS)
  #count = 0
  #step = -1

  add(timeMs: number, depth: number): void {
    const step = Math.floor(timeMs / STEP_MS)
    if (step !== this.#step) {
      this.#step = step
      if (this.#count < POINTS) this.#count += 1
      else this.#points.copyWithin(0, 1)
    }
    this.#points[this.#count - 1] = depth
  }

  /** Oldest first. */
  get values(): number[] {
    return [...this.#points.subarray(0, this.#count)]
  }
}
