import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** A server that answers the first bytes of each connection with bytes, and closes it. */
export class RawServer implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(answer: () => Uint8Array) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
      socket.once('data', () => socket.end(answer()))
    })
  }

  static async start(answer: () => Uint8Array): Promise<RawServer> {
    const raw = new RawServer(answer)
    raw.#server.listen(0, '127.0.0.1')
    await once(raw.#server, 'listening')
    return raw
  }

  get address(): string {
    const bound = this.#server.address()
    return `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
