const EVERY_MS = 100
const CLEAR_LINE = '\r\u001B[K'

/** A line at the bottom of the terminal that says how far something is. Says nothing where there is no terminal. */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream
  #shownMs = -Infinity
  #isShown = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** Replaces the line, at most ten times a second. */
  show(text: string): void {
    const now = performance.now()
    if (!this.#stream.isTTY || now - this.#shownMs < EVERY_MS) return
    this.#shownMs = now
    this.#isShown = true
    this.#stream.write(`${CLEAR_LINE}${text.slice(0, this.#stream.columns - 1)}`)
  }

  /** Takes the line away, so that what is printed next stands alone. */
  clear(): void {
    if (this.#isShown) this.#stream.write(CLEAR_LINE)
    this.#isShown = false
  }
}
