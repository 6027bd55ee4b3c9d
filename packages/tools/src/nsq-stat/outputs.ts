import type { Figures } from './figures.ts'
import { coloured, HEADER, jsonLine, type Painter, plain, row } from './table.ts'

const HEADER_EVERY = 25
/** Lines of the live table beside those of the nodes: title, header, total. */
const FRAME_LINES = 5

/** Where nsq_stat's rounds go. */
export interface Output {
  /** Before the first look and after every 25th. */
  header(round: number): void
  row(total: Figures, nodes: readonly Figures[]): void
}

/** Lines as NSQ's nsq_stat prints them. */
export class PlainOutput implements Output {
  readonly #write: (text: string) => void

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  header(round: number): void {
    if (round % HEADER_EVERY === 0) this.#write(`${HEADER.join('\n')}\n`)
  }

  row(total: Figures): void {
    this.#write(`${row(total)}\n`)
  }
}

/** A JSON object a line. */
export class JsonOutput implements Output {
  readonly #write: (text: string) => void
  readonly #now: () => Date

  constructor(write: (text: string) => void, now = (): Date => new Date()) {
    this.#write = write
    this.#now = now
  }

  header(): void {}

  row(total: Figures, nodes: readonly Figures[]): void {
    this.#write(`${jsonLine(this.#now(), total, nodes)}\n`)
  }
}

/** As much of a terminal as the live table uses. */
export interface Terminal {
  readonly rows: number
  readonly isColoured: boolean
  write(text: string): void
}

/** A table that stays in its place: a line for each node, and one for all of them. */
export class LiveOutput implements Output {
  readonly #terminal: Terminal
  readonly #paint: Painter
  readonly #title: string
  readonly #now: () => Date
  #lines = 0

  constructor(terminal: Terminal, title: string, now = (): Date => new Date()) {
    this.#terminal = terminal
    this.#paint = terminal.isColoured ? coloured : plain
    this.#title = title
    this.#now = now
  }

  header(round: number): void {
    if (round === 0) this.#draw([this.#titleLine(false), this.#paint('first look …', 'dim')])
  }

  row(total: Figures, nodes: readonly Figures[]): void {
    const room = Math.max(0, this.#terminal.rows - FRAME_LINES)
    const shown = nodes.length > room ? nodes.slice(0, Math.max(0, room - 1)) : nodes
    const names = [...shown.map(({ now }) => now.node), 'total']
    const width = Math.max(...names.map((name) => name.length))
    const line = (name: string, figures: Figures): string =>
      `${name.padEnd(width)}  ${row(figures, this.#paint)}`
    const indent = ' '.repeat(width + 2)
    const hidden = nodes.length - shown.length
    this.#draw([
      this.#titleLine(total.now.paused),
      ...HEADER.map((text) => this.#paint(`${indent}${text}`, 'dim')),
      ...shown.map((figures) => line(figures.now.node, figures)),
      ...(hidden > 0 ? [this.#paint(`and ${hidden} more`, 'dim')] : []),
      line('total', total),
    ])
  }

  #titleLine(isPaused: boolean): string {
    const time = this.#now().toTimeString().slice(0, 8)
    const paused = isPaused ? `  ${this.#paint('paused', 'yellow')}` : ''
    return `${this.#paint(this.#title, 'bold')}  ${time}${paused}`
  }

  /** Over what was drawn before. Lines are cut at the edge, so that each is one line of the screen. */
  #draw(lines: readonly string[]): void {
    const up = this.#lines === 0 ? '' : `\u001B[${this.#lines}A\r\u001B[J`
    this.#terminal.write(`${up}\u001B[?7l${lines.join('\n')}\u001B[?7h\n`)
    this.#lines = lines.length
  }
}
