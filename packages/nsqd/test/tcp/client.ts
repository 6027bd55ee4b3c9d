import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import {
  decodeMessage,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_MESSAGE,
  type FrameView,
  MAGIC_V2,
  readFrame,
} from '@tsq/protocol'

const WAIT_MS = 10_000
const MAX_FRAME_BYTES = 64 * 1024 * 1024

/** A frame as a test wants to read it. */
export interface Frame {
  readonly type: 'response' | 'error' | 'message'
  /** Of a message: its body. Latin-1. */
  readonly text: string
  /** Of a message. */
  readonly id: string
  readonly attempts: number
}

/** A bare connection: what is sent goes as it is, what comes is cut into frames. */
export class Client {
  /** Frames that nobody has taken yet. */
  readonly frames: Frame[] = []
  isEnded = false
  isReset = false
  readonly socket: Socket
  #unread: Buffer = Buffer.alloc(0)
  #onChange: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#ended())
    socket.on('error', () => {
      this.isReset = true
      this.#ended()
    })
  }

  static async open(address: string, magic: string | Buffer = MAGIC_V2): Promise<Client> {
    const at = address.lastIndexOf(':')
    const socket = connect({
      host: address.slice(0, at),
      port: Number(address.slice(at + 1)),
      noDelay: true,
      allowHalfOpen: true,
    })
    await once(socket, 'connect')
    const client = new Client(socket)
    if (magic.length > 0) client.send(magic)
    return client
  }

  send(bytes: string | Buffer): void {
    if (this.socket.writable) this.socket.write(bytes, 'latin1')
  }

  /** A command line, and a body with its size where there is one. */
  command(line: string, body?: string | Buffer): void {
    this.send(`${line}\n`)
    if (body !== undefined) this.send(sized(body))
  }

  shut(): void {
    this.socket.end()
  }

  close(): void {
    this.socket.destroy()
  }

  /** The next frame that is no heartbeat. */
  async next(): Promise<Frame> {
    for (;;) {
      await this.until(() => this.frames.length > 0 || this.isEnded)
      const frame = this.frames.shift()
      if (frame === undefined) throw new Error('nsqd closed the connection')
      if (!isHeartbeat(frame)) return frame
    }
  }

  /** Waits for `condition`, which is looked at whenever something has come. */
  async until(condition: () => boolean, waitMs = WAIT_MS): Promise<void> {
    const giveUpMs = performance.now() + waitMs
    while (!condition()) {
      const left = giveUpMs - performance.now()
      if (left <= 0) throw new Error(`nothing came within ${waitMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#onChange = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async ended(waitMs = WAIT_MS): Promise<void> {
    await this.until(() => this.isEnded, waitMs)
  }

  #ended(): void {
    this.isEnded = true
    this.socket.destroy()
    this.#onChange?.()
  }

  #read(bytes: Buffer): void {
    let unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    const view: FrameView = { type: 0, start: 0, end: 0 }
    while (readFrame(unread, 0, unread.length, MAX_FRAME_BYTES, view)) {
      this.frames.push(frameOf(view.type, unread.subarray(view.start, view.end)))
      unread = unread.subarray(view.end)
    }
    this.#unread = Buffer.from(unread)
    this.#onChange?.()
  }
}

function frameOf(type: number, data: Buffer): Frame {
  if (type === FRAME_TYPE_MESSAGE) {
    const { id, attempts, body } = decodeMessage(data)
    return { type: 'message', id, attempts, text: Buffer.from(body).toString('latin1') }
  }
  const text = data.toString('latin1')
  return { type: type === FRAME_TYPE_ERROR ? 'error' : 'response', text, id: '', attempts: 0 }
}

export function isHeartbeat({ type, text }: Frame): boolean {
  return type === 'response' && text === '_heartbeat_'
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

export function sized(body: string | Buffer): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  return Buffer.concat([int32(bytes.length), bytes])
}

/** The body of an MPUB, without the outer size. */
export function batch(bodies: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([int32(bodies.length), ...bodies.map(sized)])
}
