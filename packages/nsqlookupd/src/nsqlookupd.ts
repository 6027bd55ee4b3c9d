import {
  clientCertificateGate,
  HttpServer,
  loadTls,
  type Logger,
  plainHttpGate,
  silentLogger,
  TlsAcceptor,
  tlsRequiredBy,
  type TlsSettings,
  withDefaults,
} from '@tsq/daemon'

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
  readonly #tls: TlsSettings | undefined
  #tcp: TcpServer | undefined
  #http: HttpServer | undefined
  #https: HttpServer | undefined
  #closing: Promise<void> | undefined

  /**
   * Listens. What was opened is closed again when this fails.
   *
   * @throws {StartupError} with a sentence for the operator: options, certificate or address.
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
    this.#tls = loadTls(options)
    this.registry = new Registry(options, parts.clock ?? new SystemClock())
    logger.info(VERSION_TEXT)
  }

  async #listen(): Promise<void> {
    const { options, logger } = this
    const tls = this.#tls
    const tlsRequired = tlsRequiredBy(options)
    // HTTP first: whoever identifies over TCP is told its ports.
    await this.#listenForHttp(tls, tlsRequired === 'true')
    this.#tcp = await TcpServer.start(options.tcpAddress, {
      registry: this.registry,
      counters: this.counters,
      logger,
      limits: this.#limits,
      self: this,
      maxPeers: options.maxPeers,
      tls: tls === undefined ? undefined : new TlsAcceptor(tls),
      isTlsRequired: tlsRequired !== 'false',
    })
    logger.info(`TCP: listening on ${this.tcpAddress}`)
    if (this.#https !== undefined) logger.info(`HTTPS: listening on ${this.httpsAddress}`)
    if (this.#http !== undefined) logger.info(`HTTP: listening on ${this.httpAddress}`)
  }

  async #listenForHttp(tls: TlsSettings | undefined, isTlsRequired: boolean): Promise<void> {
    const { options, logger } = this
    const shared = { routes: nsqlookupdRoutes(this, logger), logger }
    const hasHttps = tls !== undefined && options.httpsAddress !== ''
    if (hasHttps) {
      this.#https = await HttpServer.start({
        ...shared,
        address: options.httpsAddress,
        tls: tls.server,
        gate: clientCertificateGate(tls),
      })
    }
    if (hasHttps && options.httpAddress === '') return
    this.#http = await HttpServer.start({
      ...shared,
      address: options.httpAddress,
      ...(isTlsRequired ? { gate: plainHttpGate(() => this.httpsPort) } : {}),
    })
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

  /** `host:port` or a path, as bound; empty where there is no HTTPS. */
  get httpsAddress(): string {
    return this.#https?.address ?? ''
  }

  /** 0 where there is no HTTPS. */
  get httpsPort(): number {
    return this.#https?.port ?? 0
  }

  /** Open TCP connections, identified or not. */
  get peerCount(): number {
    return this.#tcp?.peerCount ?? 0
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
    if (this.#http !== undefined) this.logger.info(`HTTP: closing ${this.httpAddress}`)
    if (this.#https !== undefined) this.logger.info(`HTTPS: closing ${this.httpsAddress}`)
    await Promise.all([this.#http?.close(), this.#https?.close()])
  }
}
