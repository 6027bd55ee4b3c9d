import type { SupervisedProcess } from './supervised.ts'

const COLOURS = [36, 33, 35, 32, 34, 31, 96, 93, 95, 92]
const RESET = '\u001b[0m'
const DIM = '\u001b[2m'

/** Where a cluster shows its log and state: on a terminal in colour with a live table below, elsewhere in plain lines. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #isTerminal: boolean
  #daemons: readonly SupervisedProcess[] = []
  #tableLines = 0

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out
    this.#isTerminal = out.isTTY && process.env['NO_COLOR'] === undefined
  }

  show(daemons: readonly SupervisedProcess[]): void {
    this.#daemons = daemons
    this.#draw()
  }

  line(daemon: SupervisedProcess, text: string): void {
    const width = Math.max(...this.#daemons.map(({ name }) => name.length), daemon.name.length)
    const name = daemon.name.padEnd(width)
    this.text(
      this.#isTerminal ? `${this.#colour(daemon)}${name}${RESET} ${text}` : `${name} ${text}`,
    )
  }

  /** Writes above the table. */
  text(text: string): void {
    this.#erase()
    this.#out.write(`${text}\n`)
    this.#draw()
  }

  state(daemon: SupervisedProcess): void {
    if (this.#isTerminal) this.text(`${DIM}${daemon.name} is ${daemon.state}${RESET}`)
    else this.text(`${daemon.name} is ${daemon.state}`)
  }

  close(): void {
    this.#erase()
    this.#daemons = []
  }

  #colour(daemon: SupervisedProcess): string {
    const at = Math.max(0, this.#daemons.indexOf(daemon))
    return `\u001b[${COLOURS[at % COLOURS.length]}m`
  }

  #erase(): void {
    if (this.#tableLines > 0) this.#out.write(`\u001b[${this.#tableLines}A\u001b[J`)
    this.#tableLines = 0
  }

  #draw(): void {
    if (!this.#isTerminal || this.#daemons.length === 0) return
    const rows = this.#daemons.map((daemon) => {
      const { tcp, http } = daemon.ports
      const places = [
        tcp === undefined ? '' : `tcp ${tcp}`,
        http === undefined ? '' : `http ${http}`,
      ]
      const restarts = daemon.restarts === 0 ? '' : `  restarts ${daemon.restarts}`
      const name = `${this.#colour(daemon)}${daemon.name.padEnd(14)}${RESET}`
      return `${name} ${daemon.state.padEnd(18)} ${places[0]!.padEnd(9)} ${places[1]}${restarts}`
    })
    this.#out.write(`${DIM}${'─'.repeat(60)}${RESET}\n${rows.join('\n')}\n`)
    this.#tableLines = rows.length + 1
  }
}
