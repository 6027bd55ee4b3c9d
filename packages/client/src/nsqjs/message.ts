import { EventEmitter } from 'node:events'
import { encodeFin, encodeReq, encodeTouch } from '@tsq/protocol'
import type { Message as Delivery } from '../message.ts'

/** A message as nsqjs has it. */
export class Message extends EventEmitter {
  static readonly BACKOFF = 'backoff'
  static readonly RESPOND = 'respond'
  static readonly FINISH = 0
  static readonly REQUEUE = 1
  static readonly TOUCH = 2

  /** 16 characters. */
  readonly id: string
  /** When nsqd took the message, in Unix nanoseconds. */
  readonly timestamp: bigint
  /** Deliveries so far, this one included. */
  readonly attempts: number
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly receivedOn = Date.now()
  /** Milliseconds since 1970. */
  lastTouched = this.receivedOn
  touchCount = 0
  readonly #delivery: Delivery
  readonly #requeueDelayMs: number
  #json: { readonly value: unknown } | undefined

  /** @internal */
  constructor(delivery: Delivery, requeueDelayMs: number) {
    super()
    this.#delivery = delivery
    this.#requeueDelayMs = requeueDelayMs
    this.id = delivery.id
    this.timestamp = delivery.timestampNs
    this.attempts = delivery.attempts
    this.body = delivery.body
  }

  /** Whether it is answered, or the chance for it is gone. */
  get hasResponded(): boolean {
    return this.#delivery.hasResponded
  }

  /** Whether nsqd has given it to somebody else by now, as far as this side can tell. */
  get timedOut(): boolean {
    return this.#delivery.isTimedOut
  }

  /** The body as JSON. @throws {Error} `Invalid JSON in Message`. */
  json(): unknown {
    try {
      this.#json ??= { value: this.#delivery.json() }
    } catch (cause) {
      throw new Error('Invalid JSON in Message', { cause })
    }
    return this.#json.value
  }

  /** Milliseconds; null when the time has passed or the message is answered. */
  timeUntilTimeout(hard = false): number | null {
    return this.#delivery.timeUntilTimeoutMs(hard) ?? null
  }

  /** Done with it: FIN. Once; later answers are ignored. */
  finish(): void {
    if (this.hasResponded) return
    this.#delivery.finish()
    if (this.listenerCount('respond') > 0) this.emit('respond', Message.FINISH, encodeFin(this.id))
  }

  /**
   * Puts it back on its channel: REQ.
   *
   * @param delay milliseconds; `requeueDelay` of the reader by default.
   * @param backoff whether the reader slows down; true by default.
   */
  requeue(delay = this.#requeueDelayMs, backoff = true): void {
    if (this.hasResponded) return
    this.#delivery.requeue(delay, { backoff })
    if (this.listenerCount('respond') > 0) {
      this.emit('respond', Message.REQUEUE, encodeReq(this.id, delay))
    }
    if (backoff) this.emit('backoff')
  }

  /** Asks nsqd for another message timeout: TOUCH. */
  touch(): void {
    if (this.hasResponded) return
    this.touchCount++
    this.lastTouched = Date.now()
    this.#delivery.touch()
    if (this.listenerCount('respond') > 0) this.emit('respond', Message.TOUCH, encodeTouch(this.id))
  }

  /** Answers as one of the constants says; the wire data is made anew. */
  respond(type: number, _data?: Buffer): void {
    if (type === Message.FINISH) this.finish()
    else if (type === Message.REQUEUE) this.requeue()
    else if (type === Message.TOUCH) this.touch()
  }
}
