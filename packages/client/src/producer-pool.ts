// Publishes to any of several nsqd: named ones, and those nsqlookupd knows. One that fails is passed over.

import { EventEmitter } from 'node:events'
import { parseAddress } from './address.ts'
import type { Body } from './body.ts'
import { lookupOptions } from './consumer-options.ts'
import {
  asError,
  ClosedError,
  ConnectionError,
  NsqError,
  OptionError,
  OutcomeUnknownError,
  QueueFullError,
  QueueTimeoutError,
} from './errors.ts'
import { lookUpNodes, parseLookupdAddress } from './lookup.ts'
import { LookupPoller } from './lookup-poller.ts'
import { flag, oneOf, resolveOptions, type GivenOptions, type OptionsOf } from './options.ts'
import {
  producerOptions,
  resolveProducerOptions,
  type ProducerSettings,
} from './producer-options.ts'
import { Producer, type ProducerStats, type PublishOptions } from './producer.ts'

/** How often waiting publishes look whether their time is over. */
const SWEEP_MS = 50

export const poolOptions = {
  ...lookupOptions,
  /** Which of the connected nsqd gets the next publish. */
  strategy: oneOf({ values: ['round_robin', 'random'], default: 'round_robin' }),
  /** Publish again, elsewhere, what may have arrived before its nsqd went: a message may come twice. */
  retryUnknown: flag({ default: true }),
}

const allOptions = { ...producerOptions, ...poolOptions }

/**
 * What a {@link ProducerPool} goes by: all that a producer does but `keepConnected` and `offlineQueue`, which are the
 * pool's own, and these. One of `nsqd` and `lookupd` is needed.
 *
 * @category Producer
 * @interface
 */
export type ProducerPoolOptions = GivenOptions<typeof allOptions> & {
  /** nsqd to publish to: `host:port`, or several. */
  readonly nsqd?: string | readonly string[] | undefined
  /** nsqlookupd whose nsqd to publish to: `host:port` or a URL, or several. */
  readonly lookupd?: string | readonly string[] | undefined
}

/**
 * Events of a {@link ProducerPool}, with what their listeners get.
 *
 * @category Producer
 * @interface
 */
export type ProducerPoolEvents = {
  /** One of its nsqd is connected. */
  connect: [address: string]
  /** One of them is lost; without an error when this side closed it. */
  disconnect: [address: string, error: NsqError | undefined]
  /** Something failed in the background. Never thrown when nobody listens. */
  error: [error: Error]
}

/**
 * Publishes to any of several nsqd: those named, and those nsqlookupd knows. What one nsqd cannot take goes to another.
 *
 * ```ts
 * await using pool = new ProducerPool({ lookupd: ['127.0.0.1:4161'] })
 * await pool.publish('orders', 'anywhere')
 * ```
 *
 * @category Producer
 */
export class ProducerPool extends EventEmitter<ProducerPoolEvents> implements AsyncDisposable {
  readonly #settings: ProducerSettings
  readonly #options: OptionsOf<typeof poolOptions>
  readonly #named: ReadonlySet<string>
  readonly #poller: LookupPoller
  #producers: Producer[] = []
  #next = 0
  #waiting = 0
  /** Resolves when a producer connects, and every now and then while somebody waits. */
  #change: Promise<void> | undefined
  #onChange: (() => void) | undefined
  #closing: Promise<void> | undefined

  /**
   * Connects to every node at once, and to those found later when they are found.
   *
   * @throws {OptionError | ArgumentError} with what is wrong with the options or addresses.
   */
  constructor(options: ProducerPoolOptions) {
    super()
    const { nsqd = [], lookupd = [], ...given } = options
    const all = resolveOptions(allOptions, given)
    this.#options = all
    const own = Object.entries(all).filter(([name]) => Object.hasOwn(producerOptions, name))
    this.#settings = resolveProducerOptions({
      ...Object.fromEntries(own),
      keepConnected: true,
      offlineQueue: false,
    })
    const addresses = [nsqd].flat().map((text) => parseAddress(text).key)
    const lookupds = [lookupd].flat().map((text) => parseLookupdAddress(text))
    if (addresses.length + lookupds.length === 0) {
      throw new OptionError(['one of nsqd and lookupd is needed'])
    }
    this.#named = new Set(addresses)
    this.#poller = this.#makePoller(lookupds)
    this.#setNodes([])
    if (lookupds.length > 0) this.#poller.start()
  }

  /** The nsqd there are, and whether each is connected. */
  get nodes(): { readonly address: string; readonly isConnected: boolean }[] {
    return this.#producers.map(({ address, isConnected }) => ({ address, isConnected }))
  }

  /** Sums over the nsqd there are now. */
  get stats(): ProducerStats {
    const sum = (of: (stats: ProducerStats) => number): number =>
      this.#producers.reduce((total, producer) => total + of(producer.stats), 0)
    return {
      messagesPublished: sum((stats) => stats.messagesPublished),
      messagesFailed: sum((stats) => stats.messagesFailed),
      pendingMessages: sum((stats) => stats.pendingMessages) + this.#waiting,
      pendingBytes: sum((stats) => stats.pendingBytes),
      connects: sum((stats) => stats.connects),
    }
  }

  /**
   * Publishes one message to one of the nsqd. As {@link Producer.publish}, but what fails in a way that may be retried
   * is tried at every other nsqd first. Waits up to `queueTimeoutMs` while none is connected.
   */
  publish(topic: string, body: Body, options?: PublishOptions): Promise<void> {
    return this.#try((producer) => producer.publish(topic, body, options), options?.signal)
  }

  /** Publishes messages in one MPUB to one of the nsqd. As {@link Producer.publishMany}, with the pool's failover. */
  publishMany(topic: string, bodies: readonly Body[], options?: PublishOptions): Promise<void> {
    return this.#try((producer) => producer.publishMany(topic, bodies, options), options?.signal)
  }

  /** Publishes a deferred message to one of the nsqd. As {@link Producer.publishDeferred}, with the pool's failover. */
  publishDeferred(
    topic: string,
    body: Body,
    delayMs: number,
    options?: PublishOptions,
  ): Promise<void> {
    return this.#try(
      (producer) => producer.publishDeferred(topic, body, delayMs, options),
      options?.signal,
    )
  }

  /** Closes every producer, each as {@link Producer.close} does. */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown())
  }

  /** As {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- choosing

  async #try(
    publish: (producer: Producer) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const tried = new Set<Producer>()
    let lastError: Error | undefined
    for (;;) {
      signal?.throwIfAborted()
      if (this.#closing !== undefined) throw new ClosedError('producer pool is closed')
      const producer = this.#pick(tried) ?? (await this.#waitForAny(tried, lastError, signal))
      try {
        await publish(producer)
        return
      } catch (error) {
        if (!this.#mayRetry(error)) throw error
        lastError = asError(error)
        tried.add(producer)
      }
    }
  }

  #mayRetry(error: unknown): boolean {
    if (!(error instanceof NsqError) || !error.retryable) return false
    return !(error instanceof OutcomeUnknownError) || this.#options.retryUnknown
  }

  #pick(tried: ReadonlySet<Producer>): Producer | undefined {
    const count = this.#producers.length
    const first =
      this.#options.strategy === 'random' ? Math.floor(Math.random() * count) : this.#next++
    for (let i = 0; i < count; i++) {
      const producer = this.#producers[(first + i) % count]
      if (producer?.isConnected === true && !tried.has(producer)) return producer
    }
    return undefined
  }

  /** A connected producer, once there is one. With every one tried, the last error is the answer. */
  async #waitForAny(
    tried: Set<Producer>,
    lastError: Error | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Producer> {
    if (lastError !== undefined && !(lastError instanceof ConnectionError)) {
      const isAnyLeft = this.#producers.some((producer) => !tried.has(producer))
      if (!isAnyLeft || lastError instanceof QueueFullError) throw lastError
    }
    const { queueTimeoutMs, maxPendingMessages } = this.#settings
    if (this.#waiting >= maxPendingMessages) {
      throw new QueueFullError(`${this.#waiting} publishes wait for an nsqd`)
    }
    const deadline = performance.now() + queueTimeoutMs
    this.#waiting++
    try {
      for (;;) {
        await this.#changed()
        signal?.throwIfAborted()
        if (this.#closing !== undefined) throw new ClosedError('producer pool is closed')
        // One that came back may be tried again.
        for (const producer of tried) if (!producer.isConnected) tried.delete(producer)
        const producer = this.#pick(tried)
        if (producer !== undefined) return producer
        if (performance.now() >= deadline) {
          throw lastError ?? new QueueTimeoutError(queueTimeoutMs, { cause: lastError })
        }
      }
    } finally {
      this.#waiting--
    }
  }

  #changed(): Promise<void> {
    this.#change ??= new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SWEEP_MS)
      this.#onChange = () => {
        clearTimeout(timer)
        resolve()
      }
    }).finally(() => {
      this.#change = undefined
      this.#onChange = undefined
    })
    return this.#change
  }

  // --- the nodes

  #makePoller(lookupds: readonly URL[]): LookupPoller {
    const { lookupdPollTimeoutMs, lookupdAuthorization, lookupdTls, discoveryFilter } =
      this.#options
    const request = {
      timeoutMs: lookupdPollTimeoutMs,
      authSecret: lookupdAuthorization ? this.#settings.authSecret : '',
      tls: lookupdTls,
    }
    return new LookupPoller(lookupds, {
      intervalMs: this.#options.lookupdPollIntervalMs,
      jitter: this.#options.lookupdPollJitter,
      filter: discoveryFilter,
      ask: (lookupd, signal) => lookUpNodes(lookupd, { ...request, signal }),
      onNodes: (addresses) => this.#setNodes(addresses),
      onError: (error) => this.#reportError(error),
    })
  }

  /** Named nodes stay; found ones go when they are not found any more, after what they have pending. */
  #setNodes(found: readonly string[]): void {
    if (this.#closing !== undefined) return
    const wanted = new Set([...this.#named, ...found])
    const kept: Producer[] = []
    for (const producer of this.#producers) {
      if (wanted.delete(producer.address)) kept.push(producer)
      else void producer.close()
    }
    for (const address of wanted) {
      try {
        kept.push(this.#makeProducer(address))
      } catch (error) {
        this.#reportError(asError(error))
      }
    }
    this.#producers = kept
  }

  #makeProducer(address: string): Producer {
    const producer = new Producer({ ...this.#settings, nsqd: address })
    producer.on('connect', (key) => {
      this.#onChange?.()
      this.emit('connect', key)
    })
    producer.on('disconnect', (key, error) => this.emit('disconnect', key, error))
    producer.on('error', (error) => this.#reportError(error))
    return producer
  }

  #reportError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
    else this.#settings.logger.warn(error.message)
  }

  async #shutDown(): Promise<void> {
    this.#poller.stop()
    this.#onChange?.()
    await Promise.all(this.#producers.map((producer) => producer.close()))
  }
}
