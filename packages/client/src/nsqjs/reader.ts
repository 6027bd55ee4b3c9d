import { EventEmitter } from 'node:events'
import { isValidName } from '@tsq/protocol'
import { addressKey, parseAddress } from '../address.ts'
import { Consumer } from '../consumer.ts'
import { Message } from './message.ts'
import {
  readerSettingsOf,
  type ReaderConnectionConfigOptions,
  type ReaderSettings,
} from './options.ts'

/** @interface */
export type ReaderEvents = {
  /** Subscribed at the first nsqd. */
  ready: []
  /** The last connection is gone. */
  not_ready: []
  /** A delivery: finish or requeue it. */
  message: [message: Message]
  /** Attempts passed `maxAttempts`; it is finished afterwards. */
  discard: [message: Message]
  /** Never thrown when nobody listens. */
  error: [error: Error]
  /** Subscribed at an nsqd. */
  nsqd_connected: [host: string, port: number]
  /** Its connection is gone. */
  nsqd_closed: [host: string, port: number]
}

/** nsqjs's Reader: a consumer whose messages are events, answered by whoever listens. */
export class Reader extends EventEmitter<ReaderEvents> {
  static readonly ERROR = 'error'
  static readonly MESSAGE = 'message'
  static readonly READY = 'ready'
  static readonly NOT_READY = 'not_ready'
  static readonly DISCARD = 'discard'
  static readonly NSQD_CONNECTED = 'nsqd_connected'
  static readonly NSQD_CLOSED = 'nsqd_closed'

  readonly topic: string
  readonly channel: string
  readonly #settings: ReaderSettings
  #consumer: Consumer | undefined
  #isPaused = false
  #connections = 0

  /** @throws {Error} with nsqjs's own message for a bad option. */
  constructor(topic: string, channel: string, options: ReaderConnectionConfigOptions = {}) {
    super()
    this.topic = topic
    this.channel = channel
    this.#settings = readerSettingsOf(options)
  }

  /** Connects, also again after {@link close}. @throws {Error} `Invalid topic: …` or `Invalid channel: …`. */
  connect(): void {
    if (this.#consumer !== undefined) return
    if (!isValidName(this.topic)) throw new Error(`Invalid topic: ${this.topic}`)
    if (!isValidName(this.channel)) throw new Error(`Invalid channel: ${this.channel}`)
    const { consumer: options, nsqd, lookupd, requeueDelayMs } = this.#settings
    const consumer = new Consumer({
      ...options,
      topic: this.topic,
      channel: this.channel,
      nsqd,
      lookupd,
      onGiveUp: (delivery) => this.emit('discard', new Message(delivery, requeueDelayMs)),
    })
    this.#consumer = consumer
    consumer.on('connect', (key) => this.#onConnect(key))
    consumer.on('disconnect', (key) => this.#onDisconnect(key))
    consumer.on('error', (error) => {
      if (this.listenerCount('error') > 0) this.emit('error', error)
    })
    if (this.#isPaused) consumer.pause()
    consumer.run((delivery) => {
      delivery.disableAutoResponse()
      this.emit('message', new Message(delivery, requeueDelayMs))
    })
  }

  /**
   * Asks for no more messages and closes once those in hand are answered. nsqjs cut the connections at once; here the
   * promise says when everything is done.
   */
  async close(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    await consumer?.close()
  }

  /** Asks for no more messages; what is in hand goes on. */
  pause(): void {
    this.#isPaused = true
    this.#consumer?.pause()
  }

  /** Asks for messages again. */
  unpause(): void {
    this.#isPaused = false
    this.#consumer?.resume()
  }

  /** Whether it was paused and not unpaused since. */
  isPaused(): boolean {
    return this.#isPaused
  }

  /** Asks every nsqlookupd now. */
  async queryLookupd(): Promise<void> {
    await this.#consumer?.queryLookupd()
  }

  /** Connects to one more nsqd, and again after every failure. */
  connectToNSQD(host: string, port: number | string): void {
    // What goes wrong is told by the error event, and tried again.
    this.#consumer?.addNsqd(addressKey(host, Number(port))).catch(() => {})
  }

  #onConnect(key: string): void {
    const { host, port } = parseAddress(key)
    this.emit('nsqd_connected', host, port)
    this.#connections++
    if (this.#connections === 1) this.emit('ready')
  }

  #onDisconnect(key: string): void {
    const { host, port } = parseAddress(key)
    this.emit('nsqd_closed', host, port)
    this.#connections--
    if (this.#connections === 0) this.emit('not_ready')
  }
}
