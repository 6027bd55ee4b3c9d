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
import { Drain } from './drain.ts'
import { comeOver } from './import/at-start.ts'
import { nsqdRoutes } from './http/routes.ts'
import { NodeFiles } from './log/files.ts'
import { type NsqdOptions, nsqdOptions, nsqdRules } from './options.ts'
import { observeCollections } from './stats/memory.ts'
import { type StatsSource, statsSnapshot } from './stats/snapshot.ts'
import { Statsd } from './stats/statsd.ts'
import { expandPrefix } from './stats/statsd-lines.ts'
import { TcpServer } from './tcp/tcp-server.ts'
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
  readonly #drain: Drain
  #tcp: TcpServer | undefined
  #http: HttpServer | undefined
  #statsd: Statsd | undefined
  #closing: Promise<void> | undefined

  /**
   * Opens the data path and listens. What holds no longer is closed again when this fails.
   *
   * @throws {StartupError} with a sentence for the operator: options, data path or address.
   */
  static async start(given: Partial<NsqdOptions> = {}, logger = silentLogger()): Promise<Nsqd> {
    const options = withDefaults(nsqdOptions, given, nsqdRules)
    const dataPath = options.dataPath === '' ? process.cwd() : options.dataPath
    const lock = await lockDataPath(dataPath)
    let nsqd: Nsqd
    try {
      await comeOver(lock, options, logger)
      nsqd = new Nsqd({ ...options, dataPath }, logger, lock)
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

  private constructor(options: NsqdOptions, logger: Logger, lock: DataPathLock) {
    this.options = options
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
  }

  async #listen(): Promise<void> {
    const { options, logger, topics } = this
    this.#tcp = await TcpServer.start(options.tcpAddress, {
      options,
      logger,
      turn: topics.turn,
      topic: (name) => topics.topic(name),
    })
    logger.info(`TCP: listening on ${this.#tcp.address}`)
    if (options.httpAddress !== '') await this.#listenForHttp()
    if (options.statsdAddress !== '') this.#statsd = this.#pushStatistics()
  }

  async #listenForHttp(): Promise<void> {
    const { options, logger } = this
    this.#http = await HttpServer.start({
      address: options.httpAddress,
      routes: nsqdRoutes(this),
      logger,
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
    return expandPrefix(statsdPrefix, `${broadcastAddress}:${this.httpPort}`)
  }

  /** `host:port` or a path, as bound. */
  get tcpAddress(): string {
    return this.#tcp?.address ?? ''
  }

  /** Empty where HTTP is off. */
  get httpAddress(): string {
    return this.#http?.address ?? ''
  }

  get tcpPort(): number {
    return this.#tcp?.port ?? 0
  }

  get httpPort(): number {
    return this.#http?.port ?? 0
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
    this.#drain.close()
    // 1. Nobody new; what was read is committed and answered.
    this.topics.turn.run()
    await Promise.all([this.#tcp?.close(), this.#http?.close(), this.#statsd?.close()])
    // 2. Consumers are gone, so what they had in flight is back: logs and checkpoints are written.
    await this.topics.close()
    // 3. The next nsqd may begin.
    await this.#lock.release()
    this.logger.info('bye')
  }
}
