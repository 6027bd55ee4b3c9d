import {
  type DataPathLock,
  HttpServer,
  lockDataPath,
  type Logger,
  silentLogger,
  StartupError,
  withDefaults,
} from '@tsq/daemon'

import { SystemClock } from './clock.ts'
import { nsqdRoutes } from './http/routes.ts'
import { NodeFiles } from './log/files.ts'
import { type NsqdOptions, nsqdOptions, nsqdRules } from './options.ts'
import { observeCollections } from './stats/memory.ts'
import type { StatsSource } from './stats/snapshot.ts'
import { TcpServer } from './tcp/tcp-server.ts'
import { TlsAcceptor } from './tls/acceptor.ts'
import { clientCertificateGate, plainHttpGate } from './tls/http-gates.ts'
import { loadTls, tlsRequiredBy, type TlsSettings } from './tls/settings.ts'
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
  readonly startedAt = new Date()
  readonly versionText = VERSION_TEXT
  readonly #lock: DataPathLock
  #tcp: TcpServer | undefined
  #http: HttpServer | undefined
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
    const tls = loadTls(options)
    const dataPath = options.dataPath === '' ? process.cwd() : options.dataPath
    const lock = await lockDataPath(dataPath)
    let nsqd: Nsqd
    try {
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
    tls: TlsSettings | undefined,
  ) {
    this.options = options
    this.#tls = tls
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
  }

  async #listen(): Promise<void> {
    const { options, logger, topics } = this
    const tls = this.#tls
    const tlsRequired = tlsRequiredBy(options)
    this.#tcp = await TcpServer.start(options.tcpAddress, {
      options,
      logger,
      turn: topics.turn,
      tls: tls === undefined ? undefined : new TlsAcceptor(tls),
      isTlsRequired: tlsRequired !== 'false',
      topic: (name) => topics.topic(name),
    })
    logger.info(`TCP: listening on ${this.#tcp.address}`)
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
      ...(tlsRequired === 'true' ? { gate: plainHttpGate(() => this.httpsPort) } : {}),
    })
    logger.info(`HTTP: listening on ${this.#http.address}`)
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

  statsSource(): StatsSource {
    return {
      version: NSQ_VERSION,
      health: this.health,
      startTime: this.startTime,
      topics: this.topics.list(),
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
    // 1. Nobody new; what was read is committed and answered.
    this.topics.turn.run()
    await Promise.all([this.#tcp?.close(), this.#http?.close(), this.#https?.close()])
    // 2. Consumers are gone, so what they had in flight is back: logs and checkpoints are written.
    await this.topics.close()
    // 3. The next nsqd may begin.
    await this.#lock.release()
    this.logger.info('bye')
  }
}
