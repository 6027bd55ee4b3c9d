const EVERY_MS = 100
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** A line on the terminal that says how far something is. Says nothing where there is no terminal. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream
  #shownMs = -Infinity
  #isShown = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  show(done: number, total: number, what: string): void {
    const now = performance.now()
    if (!this.#stream.isTTY || now - this.#shownMs < EVERY_MS) return
    this.#shownMs = now
    this.#isShown = true
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
    const text = `${percent} %  ${formatBytes(done)} of ${formatBytes(total)}  ${what}`
    this.#stream.write(`\r\u001B[K${text.slice(0, this.#stream.columns - 1)}`)
  }

  clear(): void {
    if (this.#isShown) this.#stream.write('\r\u001B[K')
    this.#isShown = false
  }
}

export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]!}`
}

/** `1 topic`, `2 topics`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
