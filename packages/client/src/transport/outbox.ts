// Hot: every command to nsqd is written here. What one turn of the event loop produces leaves in one write.

import { MESSAGE_ID_BYTES } from '@tsq/protocol'
import type { Transport } from './transport.ts'

const CHUNK_BYTES = 65_536
/** Bodies from here on are sent from where they are; smaller ones are cheaper to copy. */
const BORROW_BYTES = 16_384
/** A turn that produces more than this sends it before it ends. */
const EARLY_FLUSH_BYTES = 262_144
const LF = 0x0a

export class Outbox {
  #transport: Transport
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  /** Where the bytes of the present chunk begin that have not been handed on. */
  #start = 0
  #end = 0
  #parts: Buffer[] = []
  #partBytes = 0
  #isScheduled = false
  #isClosed = false
  readonly #onTurnEnd = (): void => {
    this.#isScheduled = false
    this.flush()
  }

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** What is written from now on goes through another layer. Flushes first. */
  use(transport: Transport): void {
    this.flush()
    this.#transport = transport
  }

  /** Drops what waits, and everything written later. */
  close(): void {
    this.#isClosed = true
    this.#parts = []
    this.#start = this.#end = 0
  }

  /** Writes a whole command. Copied. */
  bytes(command: Uint8Array): void {
    if (command.length > CHUNK_BYTES) {
      this.#borrow(asBuffer(command))
      return
    }
    this.#reserve(command.length)
    this.#chunk.set(command, this.#end)
    this.#end += command.length
  }

  /**
   * `head` LF has been encoded by the caller; a size and the body follow: PUB and DPUB.
   *
   * @param body borrowed until it has left when it is large, copied when it is small.
   */
  withBody(head: Uint8Array, body: Uint8Array): void {
    this.#reserve(head.length + 4)
    this.#chunk.set(head, this.#end)
    this.#end += head.length
    this.#int32(body.length)
    this.#body(body)
  }

  /** MPUB: `head` as above, then size, count, and each body with its size. Bodies as in {@link withBody}. */
  withBodies(head: Uint8Array, bodies: readonly Uint8Array[], bodyBytes: number): void {
    this.#reserve(head.length + 8)
    this.#chunk.set(head, this.#end)
    this.#end += head.length
    this.#int32(4 + 4 * bodies.length + bodyBytes)
    this.#int32(bodies.length)
    for (const body of bodies) {
      this.#reserve(4)
      this.#int32(body.length)
      this.#body(body)
    }
  }

  /**
   * A command about a message: FIN, TOUCH. `verb` is the name and a space.
   *
   * @param source holds the id's 16 bytes at `idStart`; borrowed for the call.
   */
  aboutMessage(verb: Uint8Array, source: Buffer, idStart: number): void {
    this.#reserve(verb.length + MESSAGE_ID_BYTES + 1)
    const chunk = this.#chunk
    let at = this.#end
    for (let i = 0; i < verb.length; i++) chunk[at++] = verb[i]!
    for (let i = 0; i < MESSAGE_ID_BYTES; i++) chunk[at++] = source[idStart + i]!
    chunk[at] = LF
    this.#end = at + 1
  }

  flush(): void {
    if (this.#isClosed) return
    if (this.#end > this.#start) this.#parts.push(this.#chunk.subarray(this.#start, this.#end))
    if (this.#parts.length === 0) return
    const parts = this.#parts
    this.#parts = []
    this.#partBytes = 0
    this.#start = this.#end
    if (this.#transport.write(parts)) this.#start = this.#end = 0
  }

  #body(body: Uint8Array): void {
    if (body.length >= BORROW_BYTES) {
      this.#borrow(asBuffer(body))
      return
    }
    this.#reserve(body.length)
    this.#chunk.set(body, this.#end)
    this.#end += body.length
  }

  #borrow(bytes: Buffer): void {
    this.#seal()
    this.#parts.push(bytes)
    this.#partBytes += bytes.length
    this.#schedule()
  }

  /** Makes room for `bytes`, at most a chunk, and sees to it that the turn's end flushes. */
  #reserve(bytes: number): void {
    if (this.#end + bytes > CHUNK_BYTES) {
      this.#seal()
      if (this.#partBytes > EARLY_FLUSH_BYTES) this.flush()
      if (this.#end + bytes > CHUNK_BYTES) {
        this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
        this.#start = this.#end = 0
      }
    }
    this.#schedule()
  }

  #seal(): void {
    if (this.#end === this.#start) return
    this.#parts.push(this.#chunk.subarray(this.#start, this.#end))
    this.#partBytes += this.#end - this.#start
    this.#start = this.#end
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    process.nextTick(this.#onTurnEnd)
  }

  #int32(value: number): void {
    const chunk = this.#chunk
    const at = this.#end
    chunk[at] = value >>> 24
    chunk[at + 1] = value >>> 16
    chunk[at + 2] = value >>> 8
    chunk[at + 3] = value
    this.#end = at + 4
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
