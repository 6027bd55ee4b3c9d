import { connect, type Socket } from 'node:net'

import {
  encodeIdentify,
  encodeNop,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_MESSAGE,
  MAGIC_V2,
  readFrame,
  RESPONSE_HEARTBEAT,
} from '@tsq/protocol'

const MAX_FRAME_BYTES = 16 * 1024 * 1024

/** What comes in on a connection. `data` is borrowed for the call. */
export interface Frames {
  response(text: string): void
  error(text: string): void
  message(data: Buffer): void
}

/** A bare connection that speaks NSQ V2: bytes out, frames in. It ends quietly with its nsqd. */
export class Connection {
  readonly #socket: Socket
  readonly #frames: Frames
  #held = Buffer.alloc(0)
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>

  constructor(port: number, frames: Frames, settings: object) {
    this.#frames = frames
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (bytes) => this.#read(bytes))
    this.#socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', () => resolve())
    })
    this.#socket.write(MAGIC_V2)
    this.send(encodeIdentify(settings))
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable
  }

  send(command: Uint8Array): void {
    if (this.isOpen) this.#socket.write(command)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const view = { type: 0, start: 0, end: 0 }
    let at = 0
    while (readFrame(all, at, all.length, MAX_FRAME_BYTES, view)) {
      at = view.end
      this.#take(view.type, all.subarray(view.start, view.end))
    }
    this.#held = Buffer.from(all.subarray(at))
  }

  #take(type: number, data: Buffer): void {
    if (type === FRAME_TYPE_MESSAGE) {
      this.#frames.message(data)
      return
    }
    const text = data.toString('latin1')
    if (type === FRAME_TYPE_ERROR) this.#frames.error(text)
    else if (text === RESPONSE_HEARTBEAT) this.send(encodeNop())
    else this.#frames.response(text)
  }
}
