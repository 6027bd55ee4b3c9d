import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { MAGIC_V2 } from '@tsq/protocol'

import { waitUntil } from './wait-until.ts'

/** A client that sends what a test writes and keeps the frames that come. */
export class V2Client implements AsyncDisposable {
  /** Data of responses and errors as text; of messages the body, behind `message `. */
  readonly frames: string[] = []
  isClosed = false
  readonly #socket: Socket
  #held: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#read(bytes))
    socket.on('error', () => undefined).on('close', () => (this.isClosed = true))
    socket.write(MAGIC_V2)
  }

  static async connect(address: string): Promise<V2Client> {
    const [host = '', port] = address.split(':')
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    return new V2Client(socket)
  }

  send(...parts: (string | Uint8Array)[]): void {
    this.#socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))))
  }

  /** Ends the sending side. */
  end(): void {
    this.#socket.end()
  }

  /** The next frame that has not been asked for. */
  async next(): Promise<string> {
    await waitUntil(() => this.frames.length > 0, 'a frame')
    return this.frames.shift()!
  }

  async closed(): Promise<void> {
    await waitUntil(() => this.isClosed, 'the end of the connection')
  }

  #read(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes])
    for (;;) {
      if (this.#held.length < 8) return
      const end = 4 + this.#held.readInt32BE(0)
      if (this.#held.length < end) return
      const isMessage = this.#held.readInt32BE(4) === 2
      this.frames.push(
        isMessage
          ? `message ${this.#held.toString('utf8', 34, end)}`
          : this.#held.toString('utf8', 8, end),
      )
      this.#held = this.#held.subarray(end)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isClosed) return
    this.#socket.destroy()
    await once(this.#socket, 'close')
  }
}
