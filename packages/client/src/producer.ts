// Hot: publishes in, answers out, in order. One producer talks to one nsqd.
//
//   idle ─► connecting ─► connected ─► waiting (to reconnect) ─► connecting …   any ─► closed

import { EventEmitter } from 'node:events'
import { encodeNop } from '@tsq/protocol'
import { parseAddress, type Address } from './address.ts'
import { reconnectDelayMs } from './backoff.ts'
import { Batcher } from './batcher.ts'
import { bodyBytes, checkedTopic, type Body } from './body.ts'
import { Connection, type ConnectionHandler } from './connection.ts'
import { disconnectChannel, publishChannel } from './diagnostics.ts'
import {
  ArgumentError,
  asError,
  ClosedError,
  ConnectionError,
  NsqError,
  PeerError,
  type ServerError,
} from './errors.ts'
import {
  resolveProducerOptions,
  type GivenProducerOptions,
  type ProducerSettings,
} from './producer-options.ts'
import { PublishQueue } from './publish-queue.ts'
import { Heads, Publish } from './publish.ts'
import type { AuthInfo, ServerInfo } from './server-info.ts'

/**
 * What a {@link Producer} goes by. Only `nsqd` is needed. An option that cannot be used, or that there is not, throws
 * {@link OptionError}.
 *
 * @category Producer
 * @interface
 */
export type ProducerOptions = GivenProducerOptions & {
  /** `host:port` of the nsqd, or the path of its unix socket. */
  readonly nsqd: string
}

/** @category Producer */
export interface PublishOptions {
  /** Gives the publish up: it is not sent when it was not yet, and its promise rejects either way. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Events of a {@link Producer}, with what their listeners get.
 *
 * @category Producer
 * @interface
 */
export type ProducerEvents = {
  /** The handshake with nsqd is done. */
  connect: [address: string]
  /** The connection is gone; without an error when this side closed it. */
  disconnect: [address: string, error: NsqError | undefined]
  /** Something failed in the background. Never thrown when nobody listens. */
  error: [error: Error]
}

/**
 * Counts since the producer was made.
 *
 * @category Producer
 */
export interface ProducerStats {
  /** Answered `OK`. */
  readonly messagesPublished: number
  /** Rejected for whatever reason. */
  readonly messagesFailed: number
  /** Waiting, or sent and unanswered. */
  readonly pendingMessages: number
  /** Bytes of their bodies. */
  readonly pendingBytes: number
  /** Connections made. */
  readonly connects: number
}

type State = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed'

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

const NOP = encodeNop()
/** The first letter of PUB, which alone is gathered. */
const P = 0x50

/**
 * Publishes to one nsqd. It connects with the first publish, comes back by itself after a loss, and keeps what is
 * published meanwhile, within the limits of its options.
 *
 * ```ts
 * await using producer = new Producer({ nsqd: '127.0.0.1:4150' })
 * await producer.publish('orders', JSON.stringify({ id: 1 }))
 * ```
 *
 * Every publish settles exactly once. It is sent at most once, but for one case: when nsqd closes the connection over
 * another publish it refused, those behind that one were not looked at, and go out again.
 *
 * @category Producer
 */
export class Producer extends EventEmitter<ProducerEvents> implements AsyncDisposable {
  /** The nsqd it publishes to, in canonical form. */
  readonly address: string
  readonly #address: Address
  readonly #options: ProducerSettings
  readonly #heads = new Heads()
  readonly #queue: PublishQueue
  readonly #batcher: Batcher | undefined
  readonly #aborter = new AbortController()
  #state: State = 'idle'
  #connection: Connection | undefined
  #failures = 0
  #connects = 0
  #retryTimer: NodeJS.Timeout | undefined
  #connectWaiters: Waiter[] = []
  #closing: Promise<void> | undefined
  /** For the watch over answers: how many there were when it last looked, and for how long no more came. */
  #answeredSeen = 0
  #unansweredMs = 0

  /**
   * Connects with the first publish, or when {@link connect} is called.
   *
   * @throws {OptionError | ArgumentError} with every problem found.
   */
  constructor(options: ProducerOptions) {
    super()
    const { nsqd, ...given } = options
    this.#options = resolveProducerOptions(given)
    this.#address = parseAddress(nsqd)
    this.address = this.#address.key
    this.#queue = new PublishQueue(this.address, this.#options)
    this.#batcher =
      this.#options.batchMaxMessages > 1
        ? new Batcher(this.#options, this.#heads, (publish) => this.#submit(publish))
        : undefined
    // Not before whoever makes it can listen.
    if (this.#options.keepConnected) queueMicrotask(() => this.#startConnecting())
  }

  /** Whether a publish would be sent now rather than wait. */
  get isConnected(): boolean {
    return this.#state === 'connected'
  }

  /** What nsqd said of itself, while connected. */
  get server(): ServerInfo | undefined {
    return this.#connection?.server
  }

  /** What nsqd said to AUTH, while connected and where it asked for it. */
  get auth(): AuthInfo | undefined {
    return this.#connection?.auth
  }

  /** A reading; it does not change afterwards. */
  get stats(): ProducerStats {
    const { published, failed, pendingMessages, pendingBytes } = this.#queue
    return {
      messagesPublished: published,
      messagesFailed: failed,
      pendingMessages,
      pendingBytes,
      connects: this.#connects,
    }
  }

  /**
   * Publishes one message. Resolves when nsqd has answered `OK`; calls in one turn leave together, and their answers
   * come in order.
   *
   * @param body 1 byte to `maxMessageBytes`; leave it alone until the promise settles.
   * @throws {ArgumentError} before anything is sent: `ERR_TOPIC_NAME`, `ERR_BODY_EMPTY`, `ERR_BODY_TYPE`, `ERR_BODY_TOO_BIG`.
   * @throws {ServerError} nsqd's own refusal.
   * @throws {OutcomeUnknownError} when the connection went after sending: the message may be there, or not.
   * @throws {QueueFullError | QueueTimeoutError | ClosedError | ConnectionError | HandshakeError} when nothing was sent.
   *
   * Source: NSQ TCP protocol V2, PUB.
   */
  publish(topic: string, body: Body, options?: PublishOptions): Promise<void> {
    try {
      const head = this.#heads.get('PUB', topic)
      const bytes = bodyBytes(body, this.#options.maxMessageBytes)
      return this.#begin(topic, head, bytes, 1, bytes.length, options)
    } catch (error) {
      return Promise.reject(asError(error))
    }
  }

  /**
   * Publishes messages in one MPUB: all of them or, where nsqd finds one of them wrong, none.
   *
   * @param bodies at least one; together, with 4 bytes each, at most `maxBodyBytes`. Each as for {@link publish}.
   * @throws {ArgumentError} before anything is sent: also `ERR_BATCH_EMPTY`, `ERR_BATCH_TOO_BIG`. The rest as {@link publish}.
   *
   * Source: NSQ TCP protocol V2, MPUB.
   */
  publishMany(topic: string, bodies: readonly Body[], options?: PublishOptions): Promise<void> {
    try {
      const head = this.#heads.get('MPUB', topic)
      if (bodies.length === 0) throw new ArgumentError('ERR_BATCH_EMPTY', 'batch is empty')
      const all = bodies.map((body) => bodyBytes(body, this.#options.maxMessageBytes))
      const bytes = all.reduce((sum, body) => sum + body.length, 0)
      const framedBytes = 4 + 4 * all.length + bytes
      if (framedBytes > this.#options.maxBodyBytes) {
        const text = `batch too big ${framedBytes} > ${this.#options.maxBodyBytes}`
        throw new ArgumentError('ERR_BATCH_TOO_BIG', text)
      }
      return this.#begin(topic, head, all, all.length, bytes, options)
    } catch (error) {
      return Promise.reject(asError(error))
    }
  }

  /**
   * Publishes a message that consumers get `delayMs` later at the earliest.
   *
   * @param delayMs a whole number from 0; nsqd refuses more than its `--max-req-timeout`, an hour by default.
   * @throws {ArgumentError} before anything is sent: also `ERR_DELAY`. The rest as {@link publish}.
   *
   * Source: NSQ TCP protocol V2, DPUB.
   */
  publishDeferred(
    topic: string,
    body: Body,
    delayMs: number,
    options?: PublishOptions,
  ): Promise<void> {
    try {
      const name = checkedTopic(topic)
      if (!Number.isSafeInteger(delayMs) || delayMs < 0) {
        throw new ArgumentError('ERR_DELAY', `delay ${delayMs} is not a whole number from 0`)
      }
      const bytes = bodyBytes(body, this.#options.maxMessageBytes)
      const head = Buffer.from(`DPUB ${name} ${delayMs}\n`, 'latin1')
      return this.#begin(topic, head, bytes, 1, bytes.length, options)
    } catch (error) {
      return Promise.reject(asError(error))
    }
  }

  /** Resolves when connected; rejects with what went wrong with the attempt. A publish needs no call of this. */
  connect(options: PublishOptions = {}): Promise<void> {
    const { signal } = options
    if (signal?.aborted === true) return Promise.reject(asError(signal.reason))
    if (this.#closing !== undefined) return Promise.reject(this.#closedError())
    if (this.#state === 'connected') return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject }
      this.#connectWaiters.push(waiter)
      signal?.addEventListener(
        'abort',
        () => {
          this.#connectWaiters = this.#connectWaiters.filter((other) => other !== waiter)
          reject(asError(signal.reason))
        },
        { once: true },
      )
      this.#startConnecting()
    })
  }

  /** Connects when needed and sends a NOP, which nsqd doesn't answer. */
  async ping(options: PublishOptions = {}): Promise<void> {
    await this.connect(options)
    this.#connection?.outbox.bytes(NOP)
  }

  /** Resolves when everything published so far has settled. */
  flush(): Promise<void> {
    this.#batcher?.flush()
    return this.#queue.drained()
  }

  /**
   * Takes no more publishes, waits up to `closeTimeoutMs` for those that are pending, rejects the rest and closes
   * the connection. One promise for every caller; never rejects.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown())
  }

  /** As {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- from a call to the wire

  #begin(
    topic: string,
    head: Buffer,
    bodies: Uint8Array | readonly Uint8Array[],
    messages: number,
    bytes: number,
    options: PublishOptions | undefined,
  ): Promise<void> {
    if (this.#closing !== undefined) throw this.#closedError()
    this.#queue.checkRoom(messages, bytes)
    if (!this.#options.offlineQueue && this.#state === 'waiting') throw this.#notConnected()
    const signal = options?.signal
    signal?.throwIfAborted()
    const publish = new Publish(head, bodies, messages, bytes, this.#queue.onSettled)
    const promise = this.#queue.begin(publish, signal)
    if (publishChannel.hasSubscribers) {
      publishChannel.publish({ address: this.address, topic, messages, bytes, promise })
    }
    const isBatched = this.#batcher !== undefined && head[0] === P
    if (isBatched && bodies instanceof Uint8Array) this.#batcher?.add(topic, bodies, publish)
    else this.#submit(publish)
    return promise
  }

  #submit(publish: Publish): void {
    const connection = this.#connection
    if (connection !== undefined) {
      this.#queue.send(publish, connection.outbox)
    } else if (this.#state === 'closed') {
      publish.settle(this.#closedError())
    } else {
      this.#queue.wait(publish)
      this.#startConnecting()
    }
  }

  // --- the connection

  #startConnecting(): void {
    if (this.#state !== 'idle') return
    this.#state = 'connecting'
    void this.#open()
  }

  async #open(): Promise<void> {
    let connection: Connection
    try {
      connection = await Connection.open(this.#address, this.#options, this.#aborter.signal)
    } catch (error) {
      this.#onConnectFailed(asError(error))
      return
    }
    this.#failures = 0
    this.#connects++
    this.#state = 'connected'
    this.#connection = connection
    this.#answeredSeen = this.#queue.answered
    this.#unansweredMs = 0
    connection.attach(this.#handlerOf(connection))
    this.#options.logger.info(`connected to ${this.address}`)
    this.#queue.sendWaiting(connection.outbox)
    this.#tellConnectWaiters()
    this.emit('connect', this.address)
  }

  #onConnectFailed(error: Error): void {
    if (this.#state === 'closed') return
    this.#queue.lastError = error
    this.#failures++
    this.#options.logger.warn(error.message)
    const isHopeless = error instanceof NsqError && !error.retryable
    this.#retryLater()
    this.#tellConnectWaiters(error)
    if (isHopeless || !this.#options.offlineQueue) this.#queue.rejectWaiting(error)
    this.#reportError(error)
  }

  #retryLater(): void {
    this.#state = 'waiting'
    const delayMs = reconnectDelayMs(Math.max(0, this.#failures - 1), this.#options)
    this.#retryTimer = setTimeout(() => {
      this.#state = 'idle'
      // Nobody asked for a connection since the first attempt failed: wait until somebody does.
      const isWanted = this.#options.keepConnected || this.#queue.waiting > 0 || this.#connects > 0
      if (isWanted || this.#connectWaiters.length > 0) this.#startConnecting()
    }, delayMs)
  }

  #handlerOf(connection: Connection): ConnectionHandler {
    const unasked = (what: string): void => {
      const text = `${this.address} sent ${what} unasked`
      connection.destroy(new PeerError(text, { address: this.address }))
    }
    return {
      onOk: () => {
        if (!this.#queue.answer()) unasked('OK')
      },
      onServerError: (error) => this.#onServerError(error),
      onCloseWait: () => unasked('CLOSE_WAIT'),
      onMessage: () => unasked('a message'),
      onHeartbeat: () => {},
      onWatch: (elapsedMs) => this.#onWatch(elapsedMs, connection),
      onClose: (error) => this.#onClose(error),
    }
  }

  /** nsqd stops at a command it refuses: those sent after it were not looked at, and go out again. */
  #onServerError(error: ServerError): void {
    if (!this.#queue.answer(error)) this.#reportError(error)
    if (error.fatal) this.#queue.sendAgain()
  }

  #onWatch(elapsedMs: number, connection: Connection): void {
    const { unanswered, answered } = this.#queue
    const isStuck = unanswered > 0 && answered === this.#answeredSeen
    this.#answeredSeen = answered
    this.#unansweredMs = isStuck ? this.#unansweredMs + elapsedMs : 0
    const { responseTimeoutMs } = this.#options
    if (this.#unansweredMs < responseTimeoutMs) return
    const text = `${this.address} answered no publish for ${responseTimeoutMs} ms`
    connection.destroy(new ConnectionError('ERR_RESPONSE_TIMEOUT', text, { address: this.address }))
  }

  #onClose(error: NsqError | undefined): void {
    const isClosed = this.#state === 'closed'
    this.#connection = undefined
    this.#queue.lastError = error
    if (!isClosed) this.#retryLater()
    this.#queue.lose(error)
    if (disconnectChannel.hasSubscribers) {
      disconnectChannel.publish({ address: this.address, error })
    }
    this.emit('disconnect', this.address, error)
    if (isClosed) {
      this.#queue.rejectWaiting(this.#closedError())
      return
    }
    this.#options.logger.warn(`disconnected from ${this.address}: ${error?.message ?? 'closed'}`)
    if (!this.#options.offlineQueue) this.#queue.rejectWaiting(this.#notConnected())
    this.#queue.watch()
  }

  #tellConnectWaiters(error?: Error): void {
    const waiters = this.#connectWaiters
    this.#connectWaiters = []
    for (const waiter of waiters) {
      if (error === undefined) waiter.resolve()
      else waiter.reject(error)
    }
  }

  #notConnected(): ConnectionError {
    const details = { address: this.address, cause: this.#queue.lastError }
    return new ConnectionError('ERR_NOT_CONNECTED', `not connected to ${this.address}`, details)
  }

  #closedError(): ClosedError {
    return new ClosedError('producer is closed', this.address)
  }

  #reportError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }

  async #shutDown(): Promise<void> {
    // 1. What is gathered goes out, and what is pending gets its time.
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.closeTimeoutMs)
    })
    await Promise.race([this.flush(), timeout])
    clearTimeout(timer)
    // 2. No more connections.
    this.#state = 'closed'
    clearTimeout(this.#retryTimer)
    this.#queue.stop()
    this.#aborter.abort(this.#closedError())
    this.#tellConnectWaiters(this.#closedError())
    // 3. The rest is rejected, and the connection closed.
    this.#queue.rejectWaiting(this.#closedError())
    this.#queue.lose(this.#closedError())
    this.#connection?.end()
  }
}
