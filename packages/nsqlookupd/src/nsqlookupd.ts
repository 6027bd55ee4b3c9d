import { HttpServer, type Logger, silentLogger, withDefaults } from '@tsq/daemon'

import { type Clock, SystemClock } from './clock.ts'
import { nsqlookupdRoutes } from './http/routes.ts'
import { type NsqlookupdOptions, nsqlookupdOptions } from './options.ts'
import { Registry } from './registry/registry.ts'
import { Counters } from './stats/counters.ts'
import { DEFAULT_LIMITS, type SessionLimits } from './tcp/limits.ts'
import type { Self } from './tcp/session.ts'
import { TcpServer } from './tcp/tcp-server.ts'
import { VERSION_TEXT } from './version.ts'

/** What tests put in place of the real thing. */
export interface NsqlookupdParts {
  readonly clock?: Clock
  readonly limits?: Partial<SessionLimits>
}

/**
 * A running nsqlookupd.
 *
 * ```ts
 * await using lookupd = await Nsqlookupd.start({ tcpAddress: '127.0.0.1:0', httpAddress: '127.0.0.1:0' })
 * ```
 */
export class Nsqlookupd implements AsyncDisposable, Self {
  readonly options: NsqlookupdOptions
  readonly logger: Logger
  readonly registry: Registry
  readonly counters = new Counters()
  readonly #limits: SessionLimits
  #tcp: TcpServer | undefined
  #http: HttpServer | undefined
  #closing: Promise<void> | undefined

  /**
   * Listens. What was opened is closed again when this fails.
   *
   * @throws {StartupError} with a sentence for the operator: options or address.
   */
  static async start(
    given: Partial<NsqlookupdOptions> = {},
    logger = silentLogger(),
    parts: NsqlookupdParts = {},
  ): Promise<Nsqlookupd> {
    const options = withDefaults(nsqlookupdOptions, given)
    const lookupd = new Nsqlookupd(options, logger, parts)
    try {
      await lookupd.#listen()
    } catch (error) {
      await lookupd.close()
      throw error
    }
    return lookupd
  }

  private constructor(options: NsqlookupdOptions, logger: Logger, parts: NsqlookupdParts) {
    this.options = options
    this.logger = logger
    this.#limits = { ...DEFAULT_LIMITS, ...parts.limits }
    this.registry = new Registry(options, parts.clock ?? new SystemClock())
    logger.info(VERSION_TEXT)
  }

  async #listen(): Promise<void> {
    const { options, logger } = this
    // HTTP first: whoever identifies over TCP is told its port.
    this.#http = await HttpServer.start({
      address: options.httpAddress,
      routes: nsqlookupdRoutes(this, logger),
      logger,
    })
    this.#tcp = await TcpServer.start(options.tcpAddress, {
      registry: this.registry,
      counters: this.counters,
      logger,
      limits: this.#limits,
      self: this,
      maxPeers: options.maxPeers,
    })
    logger.info(`TCP: listening on ${this.tcpAddress}`)
    logger.info(`HTTP: listening on ${this.httpAddress}`)
  }

  get broadcastAddress(): string {
    return this.options.broadcastAddress
  }

  /** `host:port` or a path, as bound. */
  get tcpAddress(): string {
    return this.#tcp?.address ?? ''
  }

  /** `host:port` or a path, as bound. */
  get httpAddress(): string {
    return this.#http?.address ?? ''
  }

  /** -1 for a Unix socket. */
  get tcpPort(): number {
    return this.#tcp?.port ?? 0
  }

  /** -1 for a Unix socket. */
  get httpPort(): number {
    return this.#http?.port ?? 0
  }

  /** Open TCP connections, identified or not. */
  get peerCount(): number {
    return this.#tcp?.sessions.size ?? 0
  }

  /** Stops accepting, ends every connection, answers the HTTP requests in hand. One promise for every caller. */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    // 1. Every nsqd sees the end of its connection, and none comes back to this listener.
    if (this.#tcp !== undefined) {
      this.logger.info(`TCP: closing ${this.tcpAddress}`)
      await this.#tcp.close()
    }
    // 2. Nobody is told anything that has ended since.
    if (this.#http !== undefined) {
      this.logger.info(`HTTP: closing ${this.httpAddress}`)
      await this.#http.close()
    }
  }
}
