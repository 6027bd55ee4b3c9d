// Hot: one connection to an nsqd. It reads into one buffer that is used again and again, and calls
// its owner once per frame without making anything.

import { connect, type Socket } from 'node:net'
import {
  FRAME_HEADER_BYTES,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_MESSAGE,
  MAGIC,
  NOP,
  identify,
} from './wire.ts'

const READ_BYTES = 256 * 1024
const HEARTBEAT = '_heartbeat_'

/** The largest frame that fits the read buffer. */
export const MAX_FRAME_BYTES = READ_BYTES

export interface LinkOwner {
  /** Bytes have come in; frames follow. */
  onReadBegin(): void
  /** A message frame of `bytes` bytes begins at `at`. The view is borrowed until this returns. */
  onMessage(view: DataView, at: number, bytes: number): void
  /** An OK, but not that of IDENTIFY. */
  onOk(): void
  /** All whole frames of this read have been handed over. */
  onReadEnd(): void
  /** An error frame, a reset, or the end of the connection before `close`. */
  onFailure(reason: string): void
}

export class Link {
  readonly socket: Socket
  /** Resolves when nsqd has answered IDENTIFY. */
  readonly isUp: Promise<void>
  readonly #owner: LinkOwner
  readonly #storage = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #view: DataView
  #filled = 0
  #identified = false
  #closed = false
  #setUp: () => void = () => {}
  #setFailed: (reason: Error) => void = () => {}

  /** Connects and sends the magic, IDENTIFY and `first`. */
  constructor(port: number, owner: LinkOwner, first: Buffer = Buffer.alloc(0)) {
    this.#owner = owner
    this.isUp = new Promise((resolve, reject) => {
      this.#setUp = resolve
      this.#setFailed = reject
    })
    this.isUp.catch(() => {})
    this.#view = new DataView(this.#storage.buffer, this.#storage.byteOffset, READ_BYTES)
    this.socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: () => (this.#filled === 0 ? this.#storage : this.#storage.subarray(this.#filled)),
        callback: (bytesRead) => this.#read(bytesRead),
      },
    })
    this.socket.on('error', (error) => this.#fail(error.message))
    this.socket.on('close', () => this.#fail('the connection was closed'))
    this.socket.write(Buffer.concat([MAGIC, identify(), first]))
  }

  close(): void {
    this.#closed = true
    this.socket.destroy()
  }

  #read(bytesRead: number): boolean {
    const length = this.#filled + bytesRead
    const used = this.#frames(length)
    this.#filled = length - used
    if (used > 0 && this.#filled > 0) this.#storage.copyWithin(0, used, length)
    return true
  }

  #frames(length: number): number {
    const view = this.#view
    const owner = this.#owner
    let at = 0
    owner.onReadBegin()
    while (length - at >= FRAME_HEADER_BYTES) {
      const bytes = 4 + view.getUint32(at)
      if (at + bytes > length) break
      const type = view.getUint32(at + 4)
      if (type === FRAME_TYPE_MESSAGE) owner.onMessage(view, at, bytes)
      else this.#answer(type, at, bytes)
      at += bytes
    }
    owner.onReadEnd()
    return at
  }

  #answer(type: number, at: number, bytes: number): void {
    const isOk = type !== FRAME_TYPE_ERROR && bytes === FRAME_HEADER_BYTES + 2
    if (isOk && this.#identified) return this.#owner.onOk()
    if (isOk) {
      this.#identified = true
      return this.#setUp()
    }
    const text = this.#storage.toString('latin1', at + FRAME_HEADER_BYTES, at + bytes)
    if (type !== FRAME_TYPE_ERROR && text === HEARTBEAT) this.socket.write(NOP)
    else this.#fail(`nsqd answered ${text}`)
  }

  #fail(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.socket.destroy()
    this.#setFailed(new Error(reason))
    this.#owner.onFailure(reason)
  }
}
