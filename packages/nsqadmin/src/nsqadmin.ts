import { ClusterInfo } from '@tsq/clusterinfo'
import { HttpServer, type Logger, silentLogger, StartupError, withDefaults } from '@tsq/daemon'

import { Actions } from './actions/actions.ts'
import { Audit } from './actions/audit.ts'
import { Notifier } from './actions/notifier.ts'
import { Gatekeeper } from './auth/gatekeeper.ts'
import { History } from './history/history.ts'
import { EventStreams } from './http/event-stream.ts'
import { finishReply } from './http/finish.ts'
import { Graphite } from './http/graphite-routes.ts'
import { nsqadminRoutes } from './http/routes.ts'
import { type NsqadminOptions, nsqadminOptions, nsqadminRules } from './options.ts'
import { Sampler } from './sampler/sampler.ts'
import { prepare, type Settings } from './startup.ts'
import { VERSION_TEXT } from './version.ts'

/** Pages that listen at a time; each costs a connection. */
const MAX_VIEWERS = 256
const MAX_TAILS = 16

/**
 * A running nsqadmin.
 *
 * ```ts
 * await using admin = await Nsqadmin.start({ httpAddress: '127.0.0.1:0', lookupdHttpAddresses: ['127.0.0.1:4161'] })
 * ```
 */
export class Nsqadmin implements AsyncDisposable {
  readonly options: NsqadminOptions
  readonly settings: Settings
  readonly logger: Logger
  readonly cluster: ClusterInfo
  readonly gatekeeper: Gatekeeper
  readonly audit: Audit
  readonly notifier: Notifier
  readonly actions: Actions
  readonly history: History
  readonly sampler: Sampler
  readonly graphite: Graphite
  readonly streams = new EventStreams(MAX_VIEWERS)
  readonly tails = new EventStreams(MAX_TAILS)
  #http: HttpServer | undefined
  #closing: Promise<void> | undefined

  /**
   * Listens, and begins to sample the cluster, which need not be up. What was opened is closed again when this fails.
   *
   * @throws {StartupError} with a sentence for the operator: options, certificates, addresses.
   */
  static async start(
    given: Partial<NsqadminOptions> = {},
    logger = silentLogger(),
  ): Promise<Nsqadmin> {
    const options = withDefaults(nsqadminOptions, given, nsqadminRules)
    const admin = new Nsqadmin(options, await prepare(options), logger)
    try {
      await admin.#begin()
    } catch (error) {
      await admin.close()
      throw error
    }
    return admin
  }

  private constructor(options: NsqadminOptions, settings: Settings, logger: Logger) {
    this.options = options
    this.settings = settings
    this.logger = logger
    this.cluster = new ClusterInfo({
      lookupds: options.lookupdHttpAddresses,
      nsqds: options.nsqdHttpAddresses,
      connectTimeoutMs: options.httpClientConnectTimeoutMs,
      requestTimeoutMs: options.httpClientRequestTimeoutMs,
      tls: settings.upstreamTls,
    })
    this.gatekeeper = new Gatekeeper(options, settings.users)
    this.audit = new Audit(options.auditLog, logger)
    this.notifier = new Notifier(options.notificationHttpEndpoint, logger)
    this.history = new History(options.sampleIntervalMs, options.maxHistorySeries)
    this.sampler = new Sampler({
      cluster: this.cluster,
      history: this.history,
      intervalMs: options.sampleIntervalMs,
      logger,
    })
    this.actions = new Actions(this.audit, this.notifier, () => this.sampler.hurry())
    this.graphite = new Graphite({
      url: settings.graphite,
      isProxy: options.proxyGraphite,
      intervalSeconds: Math.floor(options.statsdIntervalMs / 1_000),
      gatekeeper: this.gatekeeper,
    })
    logger.info(VERSION_TEXT)
  }

  async #begin(): Promise<void> {
    const { options, settings, logger } = this
    await this.audit.open().catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new StartupError(`failed to open --audit-log - ${reason}`, { cause })
    })
    const { serverTls } = settings
    this.#http = await HttpServer.start({
      address: options.httpAddress,
      routes: nsqadminRoutes(this),
      logger,
      finish: (request, reply) => finishReply(request, reply, serverTls !== undefined),
      ...(serverTls === undefined ? {} : { tls: serverTls }),
    })
    this.sampler.start()
    logger.info(`${serverTls === undefined ? 'HTTP' : 'HTTPS'}: listening on ${this.httpAddress}`)
    const { mode } = this.gatekeeper
    if (mode === 'open' && !options.readOnly) {
      logger.warn('whoever reaches this nsqadmin may do everything: see --user and --admin-user')
    }
  }

  /** `host:port` or a path, as bound. */
  get httpAddress(): string {
    return this.#http?.address ?? ''
  }

  /** Answers the requests in hand and ends every stream. One promise for every caller. */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    // 1. Pages that listen would keep the listener open.
    this.streams.close()
    this.tails.close()
    // 2. Requests in hand are answered while the cluster can still be asked.
    if (this.#http !== undefined) {
      this.logger.info(`HTTP: closing ${this.httpAddress}`)
      await this.#http.close()
    }
    // 3. Nobody asks any more: the connections to the cluster go, and with them a sample that is being taken.
    const sampled = this.sampler.close()
    this.cluster.close()
    this.graphite.close()
    await sampled
    // 4. What was done is written down.
    await this.notifier.close()
    await this.audit.close()
  }
}
