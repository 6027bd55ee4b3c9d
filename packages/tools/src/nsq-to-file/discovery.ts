// Which topics there are, asked again and again.

import { ClusterInfo, UpstreamError } from '@tsq/clusterinfo'
import { type Logger, MAX_TIMER_MS } from '@tsq/daemon'

import { FatalError } from '../common/fatal-error.ts'

export interface DiscoverySettings {
  /** `host:port` of every nsqlookupd. */
  readonly lookupds: readonly string[]
  readonly refreshMs: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly logger: Logger
  readonly onTopics: (topics: readonly string[]) => void
}

/** Asks every nsqlookupd for its topics: at once, and then as often as told. */
export class Discovery {
  readonly #settings: DiscoverySettings
  readonly #cluster: ClusterInfo
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(settings: DiscoverySettings) {
    this.#settings = settings
    this.#cluster = new ClusterInfo({
      lookupds: settings.lookupds,
      connectTimeoutMs: settings.connectTimeoutMs,
      requestTimeoutMs: settings.requestTimeoutMs,
    })
  }

  start(): void {
    void this.#poll()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#cluster.close()
  }

  async #poll(): Promise<void> {
    const { logger, onTopics, refreshMs } = this.#settings
    try {
      const { value: topics, warnings } = await this.#cluster.topics()
      if (this.#isClosed) return
      // Those that answered are enough to go on with: topics are only ever added.
      for (const warning of warnings) logger.error(`could not retrieve topic list: ${warning}`)
      onTopics(topics)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      if (this.#isClosed) return
      logger.error(`could not retrieve topic list: ${error.message}`)
    }
    this.#timer = setTimeout(() => void this.#poll(), Math.min(refreshMs, MAX_TIMER_MS))
  }
}

/** What the consumers ask may be any URL. @throws {FatalError} for an address that is none and has no port. */
export function checkPort(address: string): void {
  if (!/^https?:\/\//.test(address) && !/:\d+\/*$/.test(address))
    throw new FatalError('missing port')
}

/** What topics are asked for at. @throws {FatalError} for anything but `host:port` and `http://host:port`. */
export function hostAndPort(address: string): string {
  const bare = address.replace(/^http:\/\//, '').replace(/\/+$/, '')
  if (/^https:|[/?]/.test(bare)) {
    throw new FatalError(`topics can't be asked for at ${address}: give host:port`)
  }
  checkPort(bare)
  return bare
}
