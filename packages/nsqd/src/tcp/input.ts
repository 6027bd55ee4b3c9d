// Hot: every command line is cut up here.

import { MAX_COMMAND_LINE_BYTES, readUint32 } from '@tsq/protocol'

/** A command is not whole yet. A value, not an error. */
export const NEED_MORE = -1
/** The line has no end within the limit, or the peer ended in its middle: the connection closes without an answer. */
export const CLOSE = -2
/** A command must wait for an answer from elsewhere; the session tries it again then. */
export const WAIT = -3
/** The command changes what the connection speaks: bytes behind it are no commands. */
export const UPGRADE = -4

const LF = 10
const CR = 13
const SP = 32
const ZERO = 48
const MAX_TOKENS = 8
const SIZE_BYTES = 4

/**
 * The command in hand: a view of the bytes read so far, reused from command to command.
 *
 * command => NAME[SP param]*LF[ size(int32) body ]
 */
export class Input {
  bytes: Buffer = Buffer.alloc(0)
  /** Where the bytes read so far end. */
  end = 0
  /** Whether the peer will send no more. */
  isEnded = false
  /** Where the command begins. */
  start = 0
  /** Behind the LF: where the body begins. */
  next = 0
  /** How many parameters follow the name. */
  params = 0
  /** How many bytes the command in hand has at least, as far as is known; 0 for unknown. */
  needed = 0
  readonly #from = new Int32Array(MAX_TOKENS)
  readonly #to = new Int32Array(MAX_TOKENS)

  /** Cuts the line at `start` into tokens. Returns NEED_MORE or CLOSE where there is no whole line. */
  readLine(start: number): number {
    const { bytes } = this
    const limit = Math.min(this.end, start + MAX_COMMAND_LINE_BYTES)
    this.start = start
    this.needed = 0
    let at = start
    let token = 0
    this.#from[0] = start
    while (at < limit && bytes[at] !== LF) {
      if (bytes[at] === SP) {
        if (token < MAX_TOKENS - 1) {
          this.#to[token] = at
          this.#from[token + 1] = at + 1
        }
        token += 1
      }
      at += 1
    }
    if (at === limit)
      return this.isEnded || at - start >= MAX_COMMAND_LINE_BYTES ? CLOSE : NEED_MORE
    const lineEnd = at > start && bytes[at - 1] === CR ? at - 1 : at
    if (token < MAX_TOKENS) this.#to[token] = Math.max(lineEnd, this.#from[token]!)
    this.params = token
    this.next = at + 1
    return this.next
  }

  /** Where a token begins; 0 is the command's name. */
  from(token: number): number {
    return this.#from[token]!
  }

  to(token: number): number {
    return this.#to[token]!
  }

  /** The bytes of a token; borrowed. */
  token(token: number): Buffer {
    return this.bytes.subarray(this.#from[token], this.#to[token])
  }

  text(token: number): string {
    return this.bytes.toString('latin1', this.#from[token], this.#to[token])
  }

  /**
   * A parameter of digits only, -1 where it is something else. An empty one is 0, as clients of nsqd may count on; what
   * exceeds 2^53 stays large instead of wrapping around.
   */
  number(token: number): number {
    let value = 0
    for (let at = this.#from[token]!; at < this.#to[token]!; at++) {
      const digit = this.bytes[at]! - ZERO
      if (digit < 0 || digit > 9) return -1
      value = value * 10 + digit
    }
    return Math.min(value, Number.MAX_SAFE_INTEGER)
  }

  /** A parameter that {@link number} could read, as nsqd prints the number it stands for. */
  digits(token: number): string {
    return this.text(token).replace(/^0*(?=.)/, '')
  }

  /** Whether a size stands at `at`; asks for more where not. */
  hasSize(at: number): boolean {
    return this.has(at, SIZE_BYTES)
  }

  /** The int32 at `at`, which must be there. */
  size(at: number): number {
    return readUint32(this.bytes, at) | 0
  }

  /** Whether `bytes` from `at` on have been read; asks for more where not. */
  has(at: number, bytes: number): boolean {
    if (at + bytes <= this.end) return true
    this.needed = Math.max(this.needed, at + bytes - this.start)
    return false
  }
}
