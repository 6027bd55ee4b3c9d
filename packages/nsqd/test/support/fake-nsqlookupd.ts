import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

const OK = Buffer.from('OK')

interface FakeOptions {
  readonly tls?: TlsOptions
  readonly host?: string
  readonly port?: number
}

/** An nsqlookupd that does as a test says: it takes every command down and answers each as it should, or otherwise. */
export class FakeNsqlookupd implements AsyncDisposable {
  /** What it was sent by TCP, over all connections: `connect`, then lines; IDENTIFY with its body. */
  readonly received: string[] = []
  /** Paths and queries asked for by HTTP. */
  readonly asked: IncomingMessage[] = []
  /** Channels by topic. */
  channels: Readonly<Record<string, readonly string[]>> = {}
  /** Bytes to answer a command with, instead of what is right; undefined for none. */
  answer: ((command: string) => Uint8Array | undefined) | undefined
  /** Answers HTTP instead of the list of channels. */
  onHttp: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  broadcastAddress = '127.0.0.1'
  readonly sockets = new Set<Socket>()
  readonly #tcp: Server
  readonly #http = createHttpServer((request, response) => this.#serve(request, response))

  private constructor(tls: TlsOptions | undefined) {
    const accept = (socket: Socket): void => this.#accept(socket)
    this.#tcp = tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
  }

  /** With `tls` it takes nothing else over TCP. */
  static async start({
    tls,
    host = '127.0.0.1',
    port = 0,
  }: FakeOptions = {}): Promise<FakeNsqlookupd> {
    const fake = new FakeNsqlookupd(tls)
    await Promise.all([
      once(fake.#tcp.listen(port, host), 'listening'),
      once(fake.#http.listen(0, '127.0.0.1'), 'listening'),
    ])
    return fake
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port
  }

  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port
  }

  /** The right answer to IDENTIFY. */
  get info(): string {
    const { broadcastAddress, httpPort } = this
    return JSON.stringify({
      broadcast_address: broadcastAddress,
      hostname: 'nowhere',
      http_port: httpPort,
      tcp_port: 1,
      version: '1.3.0',
    })
  }

  /** Closes every connection; new ones are taken. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket))
    let held = Buffer.alloc(0)
    let hasMagic = false
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, bytes])
      if (!hasMagic && held.length >= 4) {
        this.received.push(`connect ${JSON.stringify(held.toString('latin1', 0, 4))}`)
        held = held.subarray(4)
        hasMagic = true
      }
      for (;;) {
        const end = held.indexOf(10)
        if (!hasMagic || end === -1) return
        let command = held.toString('latin1', 0, end)
        let next = end + 1
        if (command === 'IDENTIFY') {
          if (held.length < next + 4) return
          const size = held.readInt32BE(next)
          if (held.length < next + 4 + size) return
          command += ` ${held.toString('utf8', next + 4, next + 4 + size)}`
          next += 4 + size
        }
        held = held.subarray(next)
        this.received.push(command)
        const right = command.startsWith('IDENTIFY') ? Buffer.from(this.info) : OK
        const answer = this.answer === undefined ? framed(right) : this.answer(command)
        if (answer !== undefined) socket.write(answer)
      }
    })
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(request)
    if (this.onHttp !== undefined) {
      this.onHttp(request, response)
      return
    }
    const url = new URL(request.url ?? '', 'http://nowhere')
    const channels = this.channels[url.searchParams.get('topic') ?? ''] ?? []
    response.end(JSON.stringify({ channels }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropConnections()
    this.#tcp.close()
    this.#http.closeAllConnections()
    this.#http.close()
    await Promise.all([once(this.#tcp, 'close'), once(this.#http, 'close')])
  }
}

/** answer => size(int32) text */
export function framed(text: string | Uint8Array): Buffer {
  const body = Buffer.from(text)
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}
