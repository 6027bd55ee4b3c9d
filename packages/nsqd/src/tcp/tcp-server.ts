import { createServer, type Server } from 'node:net'

import { formatListenAddress, listen, type ListenAddress } from '@tsq/daemon'

import { Session, type SessionHost } from './session.ts'

const KEEP_ALIVE_MS = 15_000
/** How long connections get to take their last bytes when nsqd stops. */
const CLOSE_MS = 1_000

/** Listens for clients and keeps their sessions. */
export class TcpServer {
  readonly sessions = new Set<Session>()
  readonly #server: Server
  #lastId = 0
  #bound: ListenAddress | undefined
  #onEmpty: (() => void) | undefined

  private constructor(host: Omit<SessionHost, 'sessionClosed'>) {
    const sessionHost: SessionHost = {
      options: host.options,
      turn: host.turn,
      logger: host.logger,
      tls: host.tls,
      isTlsRequired: host.isTlsRequired,
      topic: (name) => host.topic(name),
      sessionClosed: (session) => this.#forget(session),
    }
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    this.#server = createServer(
      { ...options, allowHalfOpen: true, pauseOnConnect: true },
      (socket) => {
        this.#lastId += 1
        this.sessions.add(new Session(this.#lastId, socket, sessionHost))
      },
    )
  }

  /** @throws {ListenError} */
  static async start(
    address: string,
    host: Omit<SessionHost, 'sessionClosed'>,
  ): Promise<TcpServer> {
    const server = new TcpServer(host)
    server.#bound = await listen(server.#server, address)
    return server
  }

  /** `host:port` as bound, or a path. */
  get address(): string {
    return formatListenAddress(this.#bound!)
  }

  /** -1 for a Unix socket. */
  get port(): number {
    return this.#bound?.kind === 'tcp' ? this.#bound.port : -1
  }

  #forget(session: Session): void {
    this.sessions.delete(session)
    if (this.sessions.size === 0) this.#onEmpty?.()
  }

  /** Stops accepting, answers what is in hand and closes every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.sessions) session.end()
    if (this.sessions.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS)
        this.#onEmpty = (): void => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const session of this.sessions) session.close()
    await closed
  }
}
