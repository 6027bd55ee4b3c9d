import os from 'node:os'
import type { SecureContextOptions } from 'node:tls'

import {
  clientCertificateGate,
  type DataPathLock,
  HttpClient,
  HttpServer,
  loadTls,
  lockDataPath,
  type Logger,
  plainHttpGate,
  silentLogger,
  StartupError,
  TlsAcceptor,
  tlsRequiredBy,
  type TlsSettings,
  withDefaults,
} from '@tsq/daemon'

import { AuthServers } from './auth/auth-servers.ts'
import { SystemClock } from './clock.ts'
import { Drain } from './drain.ts'
import { comeOver } from './import/at-start.ts'
import { nsqdRoutes } from './http/routes.ts'
import { NodeFiles } from './log/files.ts'
import { Lookupds } from './lookup/lookupds.ts'
import { loadLookupTls } from './lookup/options.ts'
import { type NsqdOptions, nsqdOptions, nsqdRules } from './options.ts'
import { observeCollections } from './stats/memory.ts'
import { type StatsSource, statsSnapshot } from './stats/snapshot.ts'
import { Statsd } from './stats/statsd.ts'
import { expandPrefix } from './stats/statsd-lines.ts'
import { TcpServer } from './tcp/tcp-server.ts'
import { loadAskingTls } from './tls/asking.ts'
import { Topics } from './topics.ts'
import { NSQ_VERSION, VERSION_TEXT } from './version.ts'

/**
 * A running nsqd.
 *
 * ```ts
 * await using nsqd = await Nsqd.start({ dataPath: 'data', tcpAddress: '127.0.0.1:0' })
 * ```
 */
export class Nsqd implements AsyncDisposable {
  readonly options: NsqdOptions
  readonly logger: Logger
  readonly topics: Topics
  readonly lookupds: Lookupds
  readonly startedAt = new Date()
  readonly versionText = VERSION_TEXT
  readonly #lock: DataPathLock
  readonly #lookupClient: HttpClient
  readonly #authClient: HttpClient
  readonly #auth: AuthServers | undefined
  readonly #drain: Drain
  #tcp: TcpServer | undefined
  #http: HttpServer | undefined
  #statsd: Statsd | undefined
  #https: HttpServer | undefined
  readonly #tls: TlsSettings | undefined
  #closing: Promise<void> | undefined

  /**
   * Opens the data path and listens. What holds no longer is closed again when this fails.
   *
   * @throws {StartupError} with a sentence for the operator: options, data path or address.
   */
  static async start(given: Partial<NsqdOptions> = {}, logger = silentLogger()): Promise<Nsqd> {
    const options = withDefaults(nsqdOptions, given, nsqdRules)
    const tls = {
      server: loadTls(options),
      asking: loadAskingTls(options),
      lookup: loadLookupTls(options),
    }
    const dataPath = options.dataPath === '' ? process.cwd() : options.dataPath
    const lock = await lockDataPath(dataPath)
    let nsqd: Nsqd
    try {
      await comeOver(lock, options, logger)
      nsqd = new Nsqd({ ...options, dataPath }, logger, lock, tls)
    } catch (error) {
      await lock.release()
      throw new StartupError(`failed to open data-path: ${(error as Error).message}`, {
        cause: error,
      })
    }
    try {
      await nsqd.#listen()
    } catch (error) {
      await nsqd.close()
      throw error
    }
    return nsqd
  }

  private constructor(
    options: NsqdOptions,
    logger: Logger,
    lock: DataPathLock,
    tls: {
      readonly server: TlsSettings | undefined
      readonly asking: SecureContextOptions
      readonly lookup: SecureContextOptions | undefined
    },
  ) {
    this.options = options
    this.#tls = tls.server
    this.logger = logger
    this.#lock = lock
    observeCollections()
    logger.info(VERSION_TEXT)
    logger.info(`ID: ${options.nodeId}`)
    this.topics = new Topics(options, {
      files: new NodeFiles(),
      clock: new SystemClock(),
      note: (level, text) => logger[level](text),
    })
    this.#drain = new Drain(this.topics, logger)
    const timeouts = {
      connectTimeoutMs: options.httpClientConnectTimeoutMs,
      requestTimeoutMs: options.httpClientRequestTimeoutMs,
    }
    this.#lookupClient = new HttpClient({ ...timeouts, tls: tls.lookup ?? tls.asking })
    this.#authClient = new HttpClient({ ...timeouts, tls: tls.asking })
    this.lookupds = this.#makeLookupds(tls.lookup)
    this.topics.watcher = this.lookupds
    this.#auth = this.#makeAuth()
  }

  #makeLookupds(tls: SecureContextOptions | undefined): Lookupds {
    const { options, logger, topics } = this
    return new Lookupds({
      addresses: options.nsqlookupdTcpAddresses,
      clock: topics.clock,
      logger,
      client: this.#lookupClient,
      tls,
      requestTimeoutMs: options.httpClientRequestTimeoutMs,
      topics: () => topics.list(),
      // Keys in nsqd's order.
      identity: () => ({
        broadcast_address: options.broadcastAddress,
        hostname: os.hostname(),
        http_port: this.broadcastHttpPort,
        tcp_port: this.broadcastTcpPort,
        topology_region: options.topologyRegion,
        topology_zone: options.topologyZone,
        version: NSQ_VERSION,
      }),
    })
  }

  #makeAuth(): AuthServers | undefined {
    const { options, logger, topics } = this
    if (options.authHttpAddresses.length === 0) return undefined
    return new AuthServers({
      addresses: options.authHttpAddresses,
      method: options.authHttpRequestMethod === 'post' ? 'POST' : 'GET',
      client: this.#authClient,
      clock: topics.clock,
      logger,
    })
  }

  async #listen(): Promise<void> {
    const { options, logger, topics } = this
    const tls = this.#tls
    const tlsRequired = tlsRequiredBy(options)
    this.#tcp = await TcpServer.start(options.tcpAddress, {
      options,
      logger,
      turn: topics.turn,
      auth: this.#auth,
      tls: tls === undefined ? undefined : new TlsAcceptor(tls),
      isTlsRequired: tlsRequired !== 'false',
      topic: (name) => topics.topic(name),
    })
    logger.info(`TCP: listening on ${this.#tcp.address}`)
    await this.#listenForHttp(tls, tlsRequired === 'true')
    if (options.statsdAddress !== '') this.#statsd = this.#pushStatistics()
    // Only now are the ports known that others are told.
    this.lookupds.start()
  }

  async #listenForHttp(tls: TlsSettings | undefined, isTlsRequired: boolean): Promise<void> {
    const { options, logger } = this
    const routes = nsqdRoutes(this)
    if (tls !== undefined && options.httpsAddress !== '') {
      this.#https = await HttpServer.start({
        address: options.httpsAddress,
        routes,
        logger,
        tls: tls.server,
        gate: clientCertificateGate(tls),
      })
      logger.info(`HTTPS: listening on ${this.#https.address}`)
    }
    if (options.httpAddress === '') return
    this.#http = await HttpServer.start({
      address: options.httpAddress,
      routes,
      logger,
      ...(isTlsRequired ? { gate: plainHttpGate(() => this.httpsPort) } : {}),
    })
    logger.info(`HTTP: listening on ${this.#http.address}`)
  }

  #pushStatistics(): Statsd {
    const { options, logger } = this
    const filter = {
      topic: undefined,
      channel: undefined,
      includeClients: false,
      includeMemory: options.statsdMemStats,
    }
    return new Statsd(
      {
        address: options.statsdAddress,
        prefix: this.statsdPrefix,
        intervalMs: options.statsdIntervalMs,
        packetBytes: options.statsdUdpPacketSize,
        excludeEphemeral: options.statsdExcludeEphemeral,
      },
      () => statsSnapshot(this.statsSource(), filter),
      (error) => logger.warn(`STATSD: push to ${options.statsdAddress} failed - ${error.message}`),
    )
  }

  /** What statsd names open with, the address filled in. */
  get statsdPrefix(): string {
    const { statsdPrefix, broadcastAddress } = this.options
    return expandPrefix(statsdPrefix, `${broadcastAddress}:${this.broadcastHttpPort}`)
  }

  /** `host:port` or a path, as bound. */
  get tcpAddress(): string {
    return this.#tcp?.address ?? ''
  }

  /** Empty where HTTP is off. */
  get httpAddress(): string {
    return this.#http?.address ?? ''
  }

  /** Empty where there is no HTTPS. */
  get httpsAddress(): string {
    return this.#https?.address ?? ''
  }

  get tcpPort(): number {
    return this.#tcp?.port ?? 0
  }

  get httpPort(): number {
    return this.#http?.port ?? 0
  }

  /** What others are told to connect to; 0 where that is a Unix socket. */
  get broadcastTcpPort(): number {
    return this.options.broadcastTcpPort || Math.max(this.tcpPort, 0)
  }

  get broadcastHttpPort(): number {
    return this.options.broadcastHttpPort || Math.max(this.httpPort, 0)
  }

  get httpsPort(): number {
    return this.#https?.port ?? 0
  }

  /** Unix seconds. */
  get startTime(): number {
    return Math.floor(this.startedAt.getTime() / 1000)
  }

  /** `OK`, or `NOK - ` and what the disk said. */
  get health(): string {
    const failure = this.topics.failure()
    return failure === undefined ? 'OK' : `NOK - ${failure.message}`
  }

  /** Refuses publishes from now on and goes on delivering; {@link drained} tells when nothing is left. */
  drain(): void {
    this.#drain.begin()
  }

  get isDraining(): boolean {
    return this.topics.isDraining
  }

  /** Resolved once a drain has left nothing. */
  get drained(): Promise<void> {
    return this.#drain.drained
  }

  /** Messages owed to somebody, counted once per channel. */
  get messagesLeft(): number {
    return this.#drain.left
  }

  statsSource(): StatsSource {
    return {
      version: NSQ_VERSION,
      health: this.health,
      startTime: this.startTime,
      topics: this.topics.list(),
      percentiles: this.options.e2eLatencyPercentiles,
      sessions: this.#tcp?.sessions ?? [],
    }
  }

  /** Stops accepting, answers what is in hand, persists every topic and channel, releases the data path. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    // 1. Nobody is sent here any more.
    this.#drain.close()
    this.lookupds.close()
    // 2. Nobody new; what was read is committed and answered.
    this.topics.turn.run()
    await Promise.all([
      this.#tcp?.close(),
      this.#http?.close(),
      this.#https?.close(),
      this.#statsd?.close(),
    ])
    this.#lookupClient.close()
    this.#authClient.close()
    // 3. Consumers are gone, so what they had in flight is back: logs and checkpoints are written.
    await this.topics.close()
    // 4. The next nsqd may begin.
    await this.#lock.release()
    this.logger.info('bye')
  }
}
