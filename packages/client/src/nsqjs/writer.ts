import { EventEmitter } from 'node:events'
import { isValidName } from '@tsq/protocol'
import { addressKey } from '../address.ts'
import { asError } from '../errors.ts'
import { Producer } from '../producer.ts'
import { connectionOptionsOf, type ConnectionConfigOptions } from './options.ts'

/** @interface */
export type WriterEvents = {
  /** Connected; again after every reconnect. */
  ready: []
  /** Closed by `close()`. */
  closed: []
  /** Never thrown when nobody listens. */
  error: [error: Error]
}

/** Called once a publish is answered, with the error where it failed. */
export type WriterCallback = (error?: Error) => void

/** nsqd decides what is too big, as it does for nsqjs. */
const NO_LIMIT_BYTES = 0x7fff_0000

/** nsqjs's Writer: a producer with callbacks. Unlike nsqjs's it reconnects. */
export class Writer extends EventEmitter<WriterEvents> {
  static readonly READY = 'ready'
  static readonly CLOSED = 'closed'
  static readonly ERROR = 'error'

  readonly nsqdHost: string
  readonly nsqdPort: number
  /** Whether it is connected. */
  ready = false
  readonly #options: ConnectionConfigOptions
  #producer: Producer | undefined

  /** @throws {Error} with nsqjs's own message for a bad option. */
  constructor(nsqdHost: string, nsqdPort: number | string, options: ConnectionConfigOptions = {}) {
    super()
    this.setMaxListeners(10_000)
    connectionOptionsOf(options)
    this.nsqdHost = nsqdHost
    this.nsqdPort = Number(nsqdPort)
    this.#options = options
  }

  /** Connects, also again after {@link close}. */
  connect(): void {
    if (this.#producer !== undefined) return
    const producer = new Producer({
      ...connectionOptionsOf(this.#options),
      nsqd: addressKey(this.nsqdHost, this.nsqdPort),
      keepConnected: true,
      maxMessageBytes: NO_LIMIT_BYTES,
      maxBodyBytes: NO_LIMIT_BYTES,
    })
    this.#producer = producer
    producer.on('connect', () => {
      this.ready = true
      this.emit('ready')
    })
    producer.on('disconnect', () => {
      this.ready = false
      if (this.#producer === undefined) this.emit('closed')
    })
    producer.on('error', (error) => this.#reportError(error))
  }

  /**
   * Publishes one value, or each of a list (as one MPUB). Text and bytes go as they are, anything else as JSON.
   *
   * @throws {Error} for a value that cannot be sent, when there is no callback to tell.
   */
  publish(topic: string, msgs: unknown, callback?: WriterCallback): void {
    this.#send(topic, msgs, callback, (producer, bodies) =>
      bodies.length === 1
        ? producer.publish(topic, bodies[0] ?? '')
        : producer.publishMany(topic, bodies),
    )
  }

  /** @param timeMs wait before it is delivered. nsqjs wanted a list of one message; one alone does as well. */
  deferPublish(topic: string, msg: unknown, timeMs: number, callback?: WriterCallback): void {
    this.#send(topic, msg, callback, (producer, bodies) => {
      if (bodies.length !== 1) {
        throw new Error('Can only defer publish one message, not a list of them')
      }
      if (typeof timeMs !== 'number' || !(timeMs >= 0)) {
        throw new Error('The Delay must be a (positiv) number')
      }
      return producer.publishDeferred(topic, bodies[0] ?? '', Math.round(timeMs))
    })
  }

  /** Closes after the answers to what was published. */
  async close(): Promise<void> {
    const producer = this.#producer
    const wasReady = this.ready
    this.#producer = undefined
    this.ready = false
    await producer?.close()
    if (producer !== undefined && !wasReady) this.emit('closed')
  }

  #send(
    topic: string,
    msgs: unknown,
    callback: WriterCallback | undefined,
    publish: (producer: Producer, bodies: (Buffer | string)[]) => Promise<void>,
  ): void {
    let publishing: Promise<void>
    try {
      const producer = this.#producer
      if (producer === undefined) {
        throw new Error('No active Writer connection to send messages')
      }
      if (!isValidName(topic)) throw new Error(`Invalid topic: ${topic}`)
      publishing = publish(producer, bodiesOf(msgs))
    } catch (error) {
      if (callback === undefined) throw error
      process.nextTick(callback, asError(error))
      return
    }
    void this.#tell(publishing, callback)
  }

  async #tell(publishing: Promise<void>, callback: WriterCallback | undefined): Promise<void> {
    let error: Error | undefined
    try {
      await publishing
    } catch (reason) {
      error = asError(reason)
    }
    // In a tick of its own: what a callback throws is nobody's rejection.
    if (callback !== undefined) process.nextTick(callback, error)
    else if (error !== undefined) this.#reportError(error)
  }

  #reportError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}

function bodiesOf(msgs: unknown): (Buffer | string)[] {
  const list: unknown[] = Array.isArray(msgs) ? msgs : [msgs]
  if (list.length === 0) throw new Error('Attempting to publish an empty message')
  return list.map((item) => bodyOf(item))
}

function bodyOf(item: unknown): Buffer | string {
  const isText =
    typeof item === 'string' || Object.prototype.toString.call(item) === '[object String]'
  const body = isText ? String(item) : bytesOf(item)
  if (body.length === 0) throw new Error('Attempting to publish an empty message')
  return body
}

function bytesOf(item: unknown): Buffer | string {
  if (Buffer.isBuffer(item)) return item
  if (item instanceof Uint8Array) return Buffer.from(item)
  if (item === undefined || item === null) return ''
  const text: unknown = JSON.stringify(item)
  return typeof text === 'string' ? text : ''
}
