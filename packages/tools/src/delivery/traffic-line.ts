import { StatusLine } from '@tsq/daemon'

const EVERY_MS = 500

/** What passed so far, on the terminal where there is one: `12,345 sent  250/s  3 failed  17 in hand`. */
export class TrafficLine {
  readonly #line: StatusLine
  readonly #timer: NodeJS.Timeout | undefined
  readonly #verb: string
  readonly #inHand: () => number
  #done = 0
  #failed = 0
  #shownDone = 0
  #shownAtMs = performance.now()

  /**
   * @param verb what is done to messages: `sent`, `printed`.
   * @param inHand how many messages are delivered and unanswered.
   */
  constructor(verb: string, inHand: () => number, stream: NodeJS.WriteStream = process.stderr) {
    this.#line = new StatusLine(stream)
    this.#verb = verb
    this.#inHand = inHand
    this.#timer = stream.isTTY ? setInterval(() => this.#show(), EVERY_MS).unref() : undefined
  }

  done(): void {
    this.#done++
  }

  failed(): void {
    this.#failed++
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#line.clear()
  }

  #show(): void {
    const nowMs = performance.now()
    const rate = ((this.#done - this.#shownDone) / (nowMs - this.#shownAtMs)) * 1_000
    this.#shownDone = this.#done
    this.#shownAtMs = nowMs
    const parts = [`${grouped(this.#done)} ${this.#verb}`, `${grouped(Math.round(rate))}/s`]
    if (this.#failed > 0) parts.push(`${grouped(this.#failed)} failed`)
    parts.push(`${grouped(this.#inHand())} in hand`)
    this.#line.show(parts.join('  '))
  }
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
