import { createServer, type Server, type Socket } from 'node:net'

import { formatListenAddress, listen, type ListenAddress } from '@tsq/daemon'

import { encodeReply } from './reply.ts'
import { Session, type SessionHost } from './session.ts'

const KEEP_ALIVE_MS = 15_000

export interface TcpServerOptions extends Omit<SessionHost, 'sessionClosed'> {
  readonly maxPeers: number
}

/** Listens for nsqd and keeps their sessions. */
export class TcpServer {
  readonly sessions = new Set<Session>()
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
      sessionClosed: (session) => this.sessions.delete(session),
    }
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

  #accept(socket: Socket): void {
    const { maxPeers, counters, logger } = this.#options
    if (this.sessions.size >= maxPeers) {
      counters.refusedConnections += 1
      logger.warn(`TCP: refused a client, there are ${maxPeers} already (--max-peers)`)
      socket.on('error', () => socket.destroy())
      socket.write(encodeReply(`E_INVALID too many peers, the limit is ${maxPeers}`))
      socket.destroySoon()
      return
    }
    counters.connections += 1
    this.sessions.add(new Session(socket, this.#sessionHost))
  }

  /** Stops accepting and closes every connection; the peers see its end, and nothing before it. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.sessions) session.close()
    await closed
  }
}
