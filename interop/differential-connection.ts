import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const FRAME_HEADER_BYTES = 8
const TYPE_BYTES = 4
const ATTEMPTS_OFFSET = 8
const ID_OFFSET = 10
const BODY_OFFSET = 26

/** A frame as it came. */
export interface Frame {
  readonly type: number
  readonly data: Buffer
}

export interface Delivery {
  readonly id: string
  readonly attempts: number
  readonly body: string
}

/** Reads the message in a frame of type 2. */
export function readDelivery(data: Buffer): Delivery {
  return {
    id: data.toString('latin1', ID_OFFSET, BODY_OFFSET),
    attempts: data.readUInt16BE(ATTEMPTS_OFFSET),
    body: data.toString('latin1', BODY_OFFSET),
  }
}

/** A bare connection to an nsqd: what is written goes as it is, what comes is cut into frames. */
export class Connection {
  /** How it stands with what nsqd sends. */
  state: 'open' | 'ended' | 'reset' = 'open'
  readonly localPort: number
  readonly #socket: Socket
  #frames: Frame[] = []
  #unread: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    this.localPort = socket.localPort ?? 0
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('end', () => this.#stopped('ended'))
    socket.on('error', () => this.#stopped('reset'))
    socket.on('close', () => this.#stopped('ended'))
  }

  static async open(address: string): Promise<Connection> {
    const [host = '', port] = address.split(':')
    const socket = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Nothing has come that was not taken, and it may still come. */
  get isQuiet(): boolean {
    return this.state === 'open' && this.#frames.length === 0
  }

  /** The frames since the last call. */
  takeFrames(): Frame[] {
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  send(bytes: Buffer): void {
    if (this.state === 'open' && this.#socket.writable) this.#socket.write(bytes)
  }

  shut(): void {
    if (this.#socket.writable) this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }

  #stopped(how: 'ended' | 'reset'): void {
    if (this.state !== 'open') return
    this.state = how
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    let unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    while (unread.length >= FRAME_HEADER_BYTES) {
      const end = TYPE_BYTES + unread.readInt32BE(0)
      if (unread.length < end) break
      const data = Buffer.from(unread.subarray(FRAME_HEADER_BYTES, end))
      this.#frames.push({ type: unread.readInt32BE(TYPE_BYTES), data })
      unread = unread.subarray(end)
    }
    this.#unread = unread
  }
}
