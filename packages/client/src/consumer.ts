// A consumer: one channel of a topic, over all the nsqd that have it.
//
//   made ─run or iterate─► running ─close─► closing (CLS everywhere, answers go on) ─► closed
//
// Who does what: Nodes keeps connections, Subscription speaks for one, ReadyControl shares out RDY, Handlers calls
// the user's function, AutoTouch keeps its messages.

import { EventEmitter } from 'node:events'
import type { ChannelName, TopicName } from '@tsq/protocol'
import { parseAddress, type Address } from './address.ts'
import { AutoTouch } from './auto-touch.ts'
import { exponentialBackoff, fullJitterBackoff, type BackoffStrategy } from './backoff.ts'
import { checkedChannel, checkedTopic } from './body.ts'
import { systemClock } from './clock.ts'
import { Connection } from './connection.ts'
import {
  resolveConsumerOptions,
  type ConsumerSettings,
  type GivenConsumerOptions,
} from './consumer-options.ts'
import { disconnectChannel } from './diagnostics.ts'
import {
  ArgumentError,
  asError,
  ClosedError,
  OptionError,
  ServerError,
  type NsqError,
} from './errors.ts'
import { Handlers, type MessageHandler } from './handlers.ts'
import { lookUpTopic, parseLookupdAddress } from './lookup.ts'
import { LookupPoller } from './lookup-poller.ts'
import { MessageStream } from './message-stream.ts'
import type { Message } from './message.ts'
import { Nodes } from './nodes.ts'
import { ReadyControl, type Outcome } from './ready-control.ts'
import { Subscription, type SubscriptionEvents } from './subscription.ts'

/**
 * What a {@link Consumer} goes by: `topic`, `channel`, and one of `nsqd` and `lookupd` are needed. An option that cannot
 * be used, or that there is not, throws {@link OptionError}.
 *
 * @category Consumer
 * @interface
 */
export type ConsumerOptions = GivenConsumerOptions & {
  /** 1 to 64 letters, digits, `.`, `_`, `-`; may end in `#ephemeral`. */
  readonly topic: string
  /** As a topic's name. */
  readonly channel: string
  /** nsqd to connect to directly: `host:port`, or several. */
  readonly nsqd?: string | readonly string[] | undefined
  /** nsqlookupd to ask where the topic is: `host:port` or a URL, or several. */
  readonly lookupd?: string | readonly string[] | undefined
  /** Called for a message given up after `maxAttempts`, which is finished then. */
  readonly onGiveUp?: ((message: Message) => void) | undefined
}

/**
 * Events of a {@link Consumer}, with what their listeners get.
 *
 * @category Consumer
 * @interface
 */
export type ConsumerEvents = {
  /** Subscribed at an nsqd. */
  connect: [address: string]
  /** A connection is gone; without an error when this side closed it. */
  disconnect: [address: string, error: NsqError | undefined]
  /** Something failed in the background: a connection, an nsqlookupd, an answer to a message. Never thrown. */
  error: [error: Error]
  /** A handler threw or rejected; its message goes back. */
  handlerError: [error: Error, message: Message]
  /** A message passed `maxAttempts`; it is finished afterwards. */
  giveUp: [message: Message]
  /** No message is asked for during `durationMs`; then one, to see. */
  backoff: [level: number, durationMs: number]
  /** Back-off is over. */
  resume: []
  /** Everything is closed. */
  close: []
}

/** @category Consumer */
export interface RunOptions {
  /** Closes the consumer. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Counts since the consumer was made, and how it stands now.
 *
 * @category Consumer
 */
export interface ConsumerStats {
  /** Deliveries. */
  readonly messagesReceived: number
  /** FINs, those of given up messages among them. */
  readonly messagesFinished: number
  /** REQs. */
  readonly messagesRequeued: number
  readonly messagesGivenUp: number
  /** In hand now. */
  readonly messagesInFlight: number
  /** To nsqd, now. */
  readonly connections: number
  /** 0 when it is not backing off. */
  readonly backoffLevel: number
}

/**
 * Consumes a channel of a topic, from every nsqd that has it. The handler resolves → the message is finished; it
 * rejects → it is requeued, and the consumer backs off. RDY is never the user's business.
 *
 * ```ts
 * const consumer = new Consumer({ topic: 'orders', channel: 'billing', lookupd: ['127.0.0.1:4161'], maxInFlight: 100 })
 * consumer.run(async (message) => {
 *   await bill(message.json())
 * })
 * ```
 *
 * @category Consumer
 */
export class Consumer
  extends EventEmitter<ConsumerEvents>
  implements AsyncDisposable, AsyncIterable<Message>
{
  readonly topic: TopicName
  readonly channel: ChannelName
  readonly #options: ConsumerSettings
  readonly #onGiveUp: ((message: Message) => void) | undefined
  readonly #named: readonly Address[]
  readonly #poller: LookupPoller
  readonly #nodes: Nodes<Subscription>
  readonly #ready: ReadyControl
  readonly #subscriptions = new Set<Subscription>()
  readonly #events: SubscriptionEvents
  #handlers: Handlers | undefined
  #stream: MessageStream | undefined
  readonly #autoTouch = new AutoTouch((visit) => this.#handlers?.forEachRunning(visit))
  #closing: Promise<void> | undefined
  #onLastClosed: (() => void) | undefined
  #received = 0
  #finished = 0
  #requeued = 0
  #givenUp = 0

  /**
   * Connects to nothing before {@link run} or the first turn of `for await`.
   *
   * @throws {OptionError | ArgumentError} with what is wrong with the options, names or addresses.
   */
  constructor(options: ConsumerOptions) {
    super()
    const { topic, channel, nsqd = [], lookupd = [], onGiveUp, ...given } = options
    this.#options = resolveConsumerOptions(given)
    this.topic = checkedTopic(topic)
    this.channel = checkedChannel(channel)
    this.#named = [nsqd].flat().map((text) => parseAddress(text))
    const lookupds = [lookupd].flat().map((text) => parseLookupdAddress(text))
    if (this.#named.length + lookupds.length === 0) {
      throw new OptionError(['one of nsqd and lookupd is needed'])
    }
    this.#onGiveUp = onGiveUp
    this.#ready = this.#makeReadyControl()
    this.#nodes = this.#makeNodes()
    this.#poller = this.#makePoller(lookupds)
    this.#events = this.#makeEvents()
  }

  /** Whether it asks for no messages, by {@link pause} or a `maxInFlight` of 0. */
  get isPaused(): boolean {
    return this.#ready.isPaused || this.#ready.maxInFlight === 0
  }

  /** Whether some connection has nearly as much in flight as it may: a larger `maxInFlight` would bring more. */
  get isStarved(): boolean {
    return this.#ready.isStarved
  }

  /** Most messages in hand at once, as it is now. */
  get maxInFlight(): number {
    return this.#ready.maxInFlight
  }

  /** A reading; it does not change afterwards. */
  get stats(): ConsumerStats {
    let inFlight = 0
    for (const subscription of this.#subscriptions) inFlight += subscription.inFlight
    return {
      messagesReceived: this.#received,
      messagesFinished: this.#finished,
      messagesRequeued: this.#requeued,
      messagesGivenUp: this.#givenUp,
      messagesInFlight: inFlight,
      connections: this.#subscriptions.size,
      backoffLevel: this.#ready.level,
    }
  }

  /**
   * Starts, and calls `handler` for every message, `concurrency` at a time. When it resolves (or returns) the message
   * is finished; when it rejects (or throws) it is requeued and the consumer backs off.
   *
   * @throws {ArgumentError} `ERR_ARGUMENT` when it runs already.
   * @throws {ClosedError} when it is closed.
   */
  run(handler: MessageHandler, options: RunOptions = {}): void {
    if (typeof handler !== 'function') throw new ArgumentError('ERR_ARGUMENT', 'no handler')
    const { signal } = options
    signal?.throwIfAborted()
    this.#start(handler, this.#options.concurrency)
    if (signal === undefined) return
    const onAbort = (): void => void this.close()
    signal.addEventListener('abort', onAbort, { once: true })
    this.once('close', () => signal.removeEventListener('abort', onAbort))
  }

  /**
   * Starts, and hands out messages one by one. Each must be answered by `finish` or `requeue`; up to `maxInFlight` may
   * be in hand at once. Leaving the loop closes the consumer.
   */
  [Symbol.asyncIterator](): MessageStream {
    const stream = new MessageStream(() => this.close())
    this.#start((message) => {
      message.disableAutoResponse()
      stream.push(message)
    }, 0)
    this.#stream = stream
    return stream
  }

  /** Takes no new messages until {@link resume}; what is in hand goes on. */
  pause(): void {
    this.#ready.pause()
  }

  /** Asks for messages again after {@link pause}. */
  resume(): void {
    this.#ready.resume()
  }

  /**
   * Changes how many messages may be in hand at once; 0 pauses.
   *
   * @throws {ArgumentError} `ERR_ARGUMENT` for what is not a whole number from 0.
   */
  setMaxInFlight(count: number): void {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new ArgumentError('ERR_ARGUMENT', `maxInFlight ${count} is not a whole number from 0`)
    }
    this.#ready.setMaxInFlight(count)
  }

  /**
   * Connects to one more nsqd. Rejects when the first attempt fails; it is tried again all the same.
   *
   * @throws {ArgumentError} `ERR_ADDRESS`, or `ERR_ARGUMENT` when it is connected to it already.
   */
  async addNsqd(address: string): Promise<void> {
    this.#checkOpen()
    const parsed = parseAddress(address)
    if (this.#nodes.has(parsed.key)) {
      throw new ArgumentError('ERR_ARGUMENT', `already connected to ${parsed.key}`)
    }
    await this.#nodes.add(parsed)
  }

  /**
   * Leaves an nsqd, once what it has in flight here is answered.
   *
   * @throws {ArgumentError} `ERR_ARGUMENT` when it is not connected to it.
   */
  removeNsqd(address: string): void {
    const { key } = parseAddress(address)
    if (!this.#nodes.remove(key)) {
      throw new ArgumentError('ERR_ARGUMENT', `not connected to ${key}`)
    }
  }

  /** Asks one more nsqlookupd from the next round on. */
  addLookupd(address: string): void {
    this.#poller.add(parseLookupdAddress(address))
  }

  /** Asks this nsqlookupd no more. The last one cannot be removed. */
  removeLookupd(address: string): void {
    const url = parseLookupdAddress(address)
    const { addresses } = this.#poller
    if (!addresses.includes(url.href)) {
      throw new ArgumentError('ERR_ARGUMENT', `nsqlookupd ${address} is not known`)
    }
    if (addresses.length === 1) {
      throw new ArgumentError('ERR_ARGUMENT', `nsqlookupd ${address} is the last one`)
    }
    this.#poller.remove(url)
  }

  /** Asks every nsqlookupd now, instead of when its time comes. */
  queryLookupd(): Promise<void> {
    return this.#poller.poll()
  }

  /**
   * Asks nsqd for no more, waits up to `closeTimeoutMs` until every message in hand is answered, and closes the
   * connections. What is not begun by then is put back. One promise for every caller; never rejects.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown())
  }

  /** As {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- the parts

  #makeReadyControl(): ReadyControl {
    const { backoffStrategy, backoffMultiplierMs } = this.#options
    let strategy: BackoffStrategy
    if (typeof backoffStrategy === 'function') strategy = backoffStrategy
    else if (backoffStrategy === 'full_jitter') strategy = fullJitterBackoff(backoffMultiplierMs)
    else strategy = exponentialBackoff(backoffMultiplierMs)
    return new ReadyControl(
      systemClock,
      { ...this.#options, strategy },
      {
        onBackoff: (level, durationMs) => {
          this.#options.logger.warn(`backing off for ${durationMs} ms (level ${level})`)
          this.emit('backoff', level, durationMs)
        },
        onResume: () => {
          this.#options.logger.info('back to normal')
          this.emit('resume')
        },
      },
    )
  }

  #makeNodes(): Nodes<Subscription> {
    return new Nodes<Subscription>({
      reconnectMinMs: this.#options.reconnectMinMs,
      reconnectMaxMs: this.#options.reconnectMaxMs,
      connect: (address, signal) => this.#connect(address, signal),
      onConnectFailed: (_address, error) => this.#reportError(error),
      onFoundNodeLost: () => {
        if (this.#closing === undefined) void this.#poller.poll()
      },
    })
  }

  #makePoller(lookupds: readonly URL[]): LookupPoller {
    const options = this.#options
    const request = {
      timeoutMs: options.lookupdPollTimeoutMs,
      authSecret: options.lookupdAuthorization ? options.authSecret : '',
      tls: options.lookupdTls,
    }
    return new LookupPoller(lookupds, {
      intervalMs: options.lookupdPollIntervalMs,
      jitter: options.lookupdPollJitter,
      filter: options.discoveryFilter,
      ask: (lookupd, signal) => lookUpTopic(lookupd, this.topic, { ...request, signal }),
      onNodes: (addresses) => {
        if (this.#closing === undefined) this.#nodes.setListed(addresses)
      },
      onError: (error) => this.#reportError(error),
    })
  }

  #makeEvents(): SubscriptionEvents {
    const { requeueDelayMs, maxRequeueDelayMs } = this.#options
    return {
      onMessage: (message, from) => {
        this.#received++
        this.#ready.onMessage(from)
        this.#handlers?.push(message)
      },
      onAnswer: (outcome: Outcome) => {
        if (outcome === 'success') this.#finished++
        else this.#requeued++
        this.#ready.onOutcome(outcome)
      },
      onAnswered: (from) => this.#ready.onAnswered(from),
      onServerError: (error) => this.#reportError(error),
      onClose: (from, error) => this.#onDisconnect(from, error),
      requeueDelayMs: (attempts) => Math.min(requeueDelayMs * attempts, maxRequeueDelayMs),
    }
  }

  #start(handler: MessageHandler, concurrency: number): void {
    this.#checkOpen()
    if (this.#handlers !== undefined) throw new ArgumentError('ERR_ARGUMENT', 'runs already')
    const { maxAttempts } = this.#options
    this.#handlers = new Handlers({
      handler,
      concurrency,
      giveUp: (message) => {
        if (maxAttempts === 0 || message.attempts <= maxAttempts) return false
        this.#giveUp(message)
        return true
      },
      onHandlerError: (error, message) => {
        this.#options.logger.error(`handler failed for ${message.id}: ${error.message}`)
        this.emit('handlerError', error, message)
      },
    })
    // Failures are told by onConnectFailed, and tried again.
    for (const address of this.#named) this.#nodes.add(address).catch(() => {})
    if (this.#poller.addresses.length > 0) this.#poller.start()
  }

  #giveUp(message: Message): void {
    this.#givenUp++
    this.#options.logger.warn(`giving up ${message.id} after ${message.attempts} attempts`)
    try {
      this.#onGiveUp?.(message)
      this.emit('giveUp', message)
    } catch (error) {
      this.#reportError(asError(error))
    }
    message.finish()
  }

  async #connect(address: Address, signal: AbortSignal): Promise<Subscription> {
    const connection = await Connection.open(address, this.#options, signal)
    const subscription = await Subscription.start(
      connection,
      this.topic,
      this.channel,
      this.#events,
    )
    if (signal.aborted) {
      subscription.destroy()
      signal.throwIfAborted()
    }
    this.#options.logger.info(`subscribed at ${address.key}`)
    this.#subscriptions.add(subscription)
    if (subscription.maxRdyCount < this.#ready.maxInFlight) {
      const text = `${address.key} allows a RDY of ${subscription.maxRdyCount} < maxInFlight`
      this.#options.logger.warn(`${text} ${this.#ready.maxInFlight}`)
    }
    if (this.#options.autoTouch) this.#autoTouch.keep(subscription.msgTimeoutMs)
    this.#ready.add(subscription)
    this.emit('connect', address.key)
    return subscription
  }

  #onDisconnect(subscription: Subscription, error: NsqError | undefined): void {
    this.#subscriptions.delete(subscription)
    this.#ready.remove(subscription)
    if (disconnectChannel.hasSubscribers) {
      disconnectChannel.publish({ address: subscription.address, error })
    }
    if (error !== undefined && this.#closing === undefined) {
      this.#options.logger.warn(`disconnected from ${subscription.address}: ${error.message}`)
      if (!(error instanceof ServerError)) this.#reportError(error)
    }
    this.#nodes.onClosed(subscription)
    this.emit('disconnect', subscription.address, error)
    if (this.#subscriptions.size === 0) this.#onLastClosed?.()
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError('consumer is closed')
  }

  #reportError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
    else this.#options.logger.warn(error.message)
  }

  async #shutDown(): Promise<void> {
    // 1. No new connections, and no RDY any more.
    this.#ready.stop()
    this.#poller.stop()
    this.#nodes.stop()
    // 2. Every nsqd is told; each connection closes when its last message is answered.
    for (const subscription of this.#subscriptions) subscription.drain()
    this.#stream?.end()
    await this.#allClosed()
    // 3. What no handler has begun with goes back at once instead of timing out; what runs is left to itself.
    for (const message of this.#handlers?.takeWaiting() ?? [])
      message.requeue(0, { backoff: false })
    this.#stream?.requeueWaiting()
    for (const subscription of this.#subscriptions) subscription.end()
    this.#autoTouch.stop()
    this.emit('close')
  }

  #allClosed(): Promise<void> {
    if (this.#subscriptions.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.closeTimeoutMs)
      this.#onLastClosed = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
