import { createServer, type Server, type Socket } from 'node:net'

import { formatListenAddress, listen, type ListenAddress, type TlsAcceptor } from '@tsq/daemon'

import { Arrivals } from './arrivals.ts'
import { encodeReply } from './reply.ts'
import { Session, type SessionHost } from './session.ts'

const KEEP_ALIVE_MS = 15_000

export interface TcpServerOptions extends Omit<SessionHost, 'sessionClosed'> {
  readonly maxPeers: number
  /** Undefined where there is no certificate. */
  readonly tls: TlsAcceptor | undefined
  /** Whether peers without TLS are refused. */
  readonly isTlsRequired: boolean
}

/** Listens for nsqd and keeps their sessions. */
export class TcpServer {
  readonly #sessions = new Set<Session>()
  readonly #arrivals: Arrivals | undefined
  readonly #server: Server
  readonly #options: TcpServerOptions
  readonly #sessionHost: SessionHost
  #bound: ListenAddress | undefined

  private constructor(options: TcpServerOptions) {
    this.#options = options
    this.#sessionHost = {
      registry: options.registry,
      counters: options.counters,
      logger: options.logger,
      limits: options.limits,
      self: options.self,
      sessionClosed: (session) => this.#sessions.delete(session),
    }
    this.#arrivals = this.#makeArrivals()
    // Keep-alive finds peers that vanish without a word: they answer no probe.
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    this.#server = createServer({ ...keepAlive, noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    )
  }

  /** @throws {ListenError} */
  static async start(address: string, options: TcpServerOptions): Promise<TcpServer> {
    const server = new TcpServer(options)
    server.#bound = await listen(server.#server, address)
    server.#server.on('error', (error) =>
      options.logger.error(`TCP: accept failed - ${error.message}`),
    )
    return server
  }

  /** `host:port` as bound, or a path. */
  get address(): string {
    return this.#bound === undefined ? '' : formatListenAddress(this.#bound)
  }

  /** -1 for a Unix socket. */
  get port(): number {
    return this.#bound?.kind === 'tcp' ? this.#bound.port : -1
  }

  #makeArrivals(): Arrivals | undefined {
    const { tls, isTlsRequired, limits, logger } = this.#options
    if (tls === undefined) return undefined
    return new Arrivals(
      { tls, isTlsRequired, timeoutMs: limits.magicTimeoutMs, logger },
      (socket, problem) => this.#begin(socket, problem),
    )
  }

  /** Open connections, identified or not. */
  get peerCount(): number {
    return this.#sessions.size + (this.#arrivals?.size ?? 0)
  }

  #begin(socket: Socket, problem?: string): void {
    this.#sessions.add(new Session(socket, this.#sessionHost, problem))
  }

  #accept(socket: Socket): void {
    const { maxPeers, counters, logger } = this.#options
    if (this.peerCount >= maxPeers) {
      counters.refusedConnections += 1
      logger.warn(`TCP: refused a client, there are ${maxPeers} already (--max-peers)`)
      socket.on('error', () => socket.destroy())
      socket.write(encodeReply(`E_INVALID too many peers, the limit is ${maxPeers}`))
      socket.destroySoon()
      return
    }
    counters.connections += 1
    if (this.#arrivals === undefined) this.#begin(socket)
    else this.#arrivals.add(socket)
  }

  /** Stops accepting and closes every connection; the peers see its end, and nothing before it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#arrivals?.close()
    for (const session of this.#sessions) session.close()
    await closed
  }
}
