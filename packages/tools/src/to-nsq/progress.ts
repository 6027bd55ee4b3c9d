import { StatusLine } from '@tsq/daemon'

const RATE_WINDOW_MS = 2_000

/** How many records are published, and how fast: while it goes on, and once at the end. On a terminal only. */
export class PublishProgress {
  readonly #stream: NodeJS.WriteStream
  readonly #line: StatusLine
  readonly #startedAtMs = performance.now()
  #windowStartMs = this.#startedAtMs
  #windowRecords = 0
  #rate = 0
  #records = 0
  #bytes = 0

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
    this.#line = new StatusLine(stream)
  }

  add(records: number, bytes: number): void {
    this.#records += records
    this.#bytes += bytes
    if (!this.#stream.isTTY) return
    this.#windowRecords += records
    const now = performance.now()
    const elapsedMs = now - this.#windowStartMs
    if (this.#rate === 0 || elapsedMs >= RATE_WINDOW_MS) {
      this.#rate = (this.#windowRecords / Math.max(1, elapsedMs)) * 1_000
    }
    if (elapsedMs >= RATE_WINDOW_MS) {
      this.#windowStartMs = now
      this.#windowRecords = 0
    }
    this.#line.show(`${this.#sum()}, ${whole(this.#rate)}/s`)
  }

  clear(): void {
    this.#line.clear()
  }

  end(): void {
    this.#line.clear()
    if (!this.#stream.isTTY || this.#records === 0) return
    const seconds = Math.max(0.001, (performance.now() - this.#startedAtMs) / 1_000)
    const rate = whole(this.#records / seconds)
    this.#stream.write(`published ${this.#sum()} in ${seconds.toFixed(1)} s, ${rate}/s\n`)
  }

  #sum(): string {
    const what = this.#records === 1 ? 'record' : 'records'
    return `${whole(this.#records)} ${what}, ${(this.#bytes / 1e6).toFixed(1)} MB`
  }
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
