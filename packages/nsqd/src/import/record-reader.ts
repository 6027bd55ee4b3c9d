import fs from 'node:fs'

import { readFully } from './record-scanner.ts'

const MAX_WINDOWS = 32
const WINDOW_BYTES = 256 * 1024

interface Window {
  readonly descriptor: number
  bytes: Buffer
  start: number
  length: number
}

/** Reads records of several files, each mostly forwards. The least recently read are closed. */
export class RecordReader {
  /** In the order of their last use. */
  readonly #windows = new Map<string, Window>()

  /** Bytes of a file; borrowed until the next call. */
  read(file: string, offset: number, length: number): Buffer {
    const window = this.#windowOf(file)
    if (offset < window.start || offset + length > window.start + window.length) {
      if (window.bytes.length < length) window.bytes = Buffer.allocUnsafe(length)
      window.start = offset
      window.length = readFully(window.descriptor, window.bytes, offset)
    }
    const at = offset - window.start
    return window.bytes.subarray(at, at + length)
  }

  #windowOf(file: string): Window {
    let window = this.#windows.get(file)
    if (window === undefined) {
      if (this.#windows.size >= MAX_WINDOWS) this.#closeOldest()
      const bytes = Buffer.allocUnsafe(WINDOW_BYTES)
      window = { descriptor: fs.openSync(file, 'r'), bytes, start: 0, length: 0 }
    } else {
      this.#windows.delete(file)
    }
    this.#windows.set(file, window)
    return window
  }

  #closeOldest(): void {
    for (const [file, { descriptor }] of this.#windows) {
      fs.closeSync(descriptor)
      this.#windows.delete(file)
      return
    }
  }

  close(): void {
    while (this.#windows.size > 0) this.#closeOldest()
  }
}
