import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'

/** An nsqlookupd that lists the nsqd a test gives it. */
export class FakeLookupd implements AsyncDisposable {
  /** Addresses on 127.0.0.1, by port. */
  ports: number[] = []
  /** Answered instead of a list, where set. */
  answer: { status: number; text: string } | undefined
  isSilent = false
  readonly requests: IncomingMessage[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(request)
      if (this.isSilent) return
      const producers = this.ports.map((port) => ({
        remote_address: `127.0.0.1:${port}`,
        hostname: 'nowhere',
        broadcast_address: '127.0.0.1',
        tcp_port: port,
        http_port: port + 1,
        version: '1.3.0',
      }))
      response.statusCode = this.answer?.status ?? 200
      response.end(this.answer?.text ?? JSON.stringify({ channels: [], producers }))
    })
  }

  static async start(ports: number[] = []): Promise<FakeLookupd> {
    const fake = new FakeLookupd()
    fake.ports = ports
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get address(): string {
    const bound = this.#server.address()
    return `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
