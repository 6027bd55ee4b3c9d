import { StatusLine } from '@tsq/daemon'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** How far something is that is counted in bytes, on the terminal where there is one. */
export class ProgressLine {
  readonly #line: StatusLine

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#line = new StatusLine(stream)
  }

  show(done: number, total: number, what: string): void {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
    this.#line.show(`${percent} %  ${formatBytes(done)} of ${formatBytes(total)}  ${what}`)
  }

  clear(): void {
    this.#line.clear()
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
