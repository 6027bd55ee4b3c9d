const LF = 10
const INT32_BYTES = 4
const SMALLEST_BYTES = 256
const NO_BYTES = Buffer.alloc(0)
/** Spaces, tabs and the like around a line; inside it only the space separates. */
const OUTER_SPACE = /^[\t-\r ]+|[\t-\r ]+$/g

export type Line =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'more' }
  | { readonly kind: 'tooLong' }

const MORE: Line = { kind: 'more' }
const TOO_LONG: Line = { kind: 'tooLong' }

/**
 * The bytes a peer has sent and nobody has obeyed yet. Reading moves forward; `commit` forgets what was read, `rewind`
 * goes back to the beginning of a command whose rest has not come. *Not enough yet* is a value, never an error.
 */
export class Input {
  /** Whether the peer will send no more. */
  isEnded = false
  #bytes: Buffer = NO_BYTES
  #end = 0
  #start = 0
  #at = 0

  /** Takes over `chunk`: whoever gave it doesn't touch it again. */
  push(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk
      this.#start = 0
      this.#at = 0
      this.#end = chunk.length
      return
    }
    const at = this.#at - this.#start
    this.#makeRoom(chunk.length)
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
    this.#at = this.#start + at
  }

  /** Bytes held that no whole command has come of. */
  get heldBytes(): number {
    return this.#end - this.#start
  }

  commit(): void {
    this.#start = this.#at
  }

  rewind(): void {
    this.#at = this.#start
  }

  /** Lets go of a large chunk of which only a little is left. Called when everything whole has been obeyed. */
  compact(): void {
    if (this.heldBytes === 0) {
      this.clear()
    } else if (this.#bytes.length > 4 * Math.max(this.heldBytes, SMALLEST_BYTES)) {
      this.#makeRoom(0)
    }
  }

  clear(): void {
    this.#bytes = NO_BYTES
    this.#start = 0
    this.#at = 0
    this.#end = 0
  }

  /** The next line without what surrounds it, one character a byte. */
  readLine(maxBytes: number): Line {
    const limit = Math.min(this.#end, this.#at + maxBytes)
    const lf = this.#bytes.subarray(this.#at, limit).indexOf(LF)
    if (lf === -1) return limit - this.#at === maxBytes ? TOO_LONG : MORE
    const text = this.#bytes.toString('latin1', this.#at, this.#at + lf)
    this.#at += lf + 1
    return { kind: 'line', text: text.replace(OUTER_SPACE, '') }
  }

  readInt32(): number | undefined {
    if (this.#end - this.#at < INT32_BYTES) return undefined
    const value = this.#bytes.readInt32BE(this.#at)
    this.#at += INT32_BYTES
    return value
  }

  /** Borrowed until the next `push`. */
  readBytes(count: number): Buffer | undefined {
    if (this.#end - this.#at < count) return undefined
    const bytes = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += count
    return bytes
  }

  /** Moves what is held to the beginning of a buffer of our own, with room for more. */
  #makeRoom(more: number): void {
    const held = this.heldBytes
    const at = this.#at - this.#start
    // Doubling, so that a body that comes byte by byte isn't copied once a byte.
    const capacity = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(held + more)))
    const isRoomy = this.#end + more <= this.#bytes.length && this.#start === 0
    if (isRoomy && capacity >= this.#bytes.length) return
    const moved = Buffer.allocUnsafeSlow(capacity)
    this.#bytes.copy(moved, 0, this.#start, this.#end)
    this.#bytes = moved
    this.#start = 0
    this.#end = held
    this.#at = at
  }
}
