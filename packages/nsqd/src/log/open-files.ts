import type { LogFiles } from './files.ts'

/** An open file. `descriptor` is good as long as `isOpen`; who uses it past the current call pins it meanwhile. */
export interface OpenFile {
  readonly file: string
  readonly descriptor: number
  isOpen: boolean
  pins: number
  lastUse: number
}

/**
 * Keeps the number of open segment files under a limit: the least recently used are closed, and opened again when
 * wanted. One for the whole process.
 */
export class OpenFiles {
  readonly files: LogFiles
  readonly #limit: number
  readonly #open = new Map<string, OpenFile>()
  #uses = 0

  constructor(files: LogFiles, limit: number) {
    this.files = files
    this.#limit = Math.max(limit, 8)
  }

  get count(): number {
    return this.#open.size
  }

  /** The file, opened if need be. `previous` spares the look-up where the caller kept it. */
  use(file: string, mode: 'append' | 'read', previous?: OpenFile): OpenFile {
    if (previous?.isOpen === true && previous.file === file) {
      previous.lastUse = ++this.#uses
      return previous
    }
    const key = `${mode} ${file}`
    let open = this.#open.get(key)
    if (open === undefined) {
      if (this.#open.size >= this.#limit) this.#closeOldest()
      const descriptor = this.files.open(file, mode)
      open = { file, descriptor, isOpen: true, pins: 0, lastUse: 0 }
      this.#open.set(key, open)
    }
    open.lastUse = ++this.#uses
    return open
  }

  /** Closes a file in all its modes, as soon as nobody has it pinned. */
  forget(file: string): void {
    for (const mode of ['append', 'read']) {
      const key = `${mode} ${file}`
      const open = this.#open.get(key)
      if (open === undefined) continue
      this.#open.delete(key)
      open.isOpen = false
      if (open.pins === 0) this.files.close(open.descriptor)
    }
  }

  pin(open: OpenFile): void {
    open.pins += 1
  }

  unpin(open: OpenFile): void {
    open.pins -= 1
    if (open.pins === 0 && !open.isOpen) this.files.close(open.descriptor)
  }

  #closeOldest(): void {
    const idle = [...this.#open.entries()].filter(([, open]) => open.pins === 0)
    idle.sort(([, a], [, b]) => a.lastUse - b.lastUse)
    for (const [key, open] of idle.slice(0, Math.ceil(this.#limit / 8))) {
      this.#open.delete(key)
      open.isOpen = false
      this.files.close(open.descriptor)
    }
  }
}
