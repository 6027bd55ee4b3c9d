// Hot: one object per message received. Plain fields, and nothing decoded before it is asked for.

import { MESSAGE_HEADER_BYTES, MESSAGE_ID_BYTES } from '@tsq/protocol'

const ATTEMPTS_AT = 8
const ID_AT = 10

/** The connection a message came by, as the message sees it. */
export interface MessageOwner {
  readonly address: string
  readonly msgTimeoutMs: number
  readonly maxMsgTimeoutMs: number
  readonly isClosed: boolean
  /** @param idStart where the 16 bytes of the id stand in `buffer`. */
  finish(buffer: Buffer, idStart: number): void
  requeue(message: Message, delayMs: number, backoff: boolean): void
  touch(buffer: Buffer, idStart: number): void
  drop(): void
}

/** @category Message */
export interface RequeueOptions {
  /** Whether this counts as a failure that slows the consumer down; true by default. */
  readonly backoff?: boolean
}

/**
 * A delivery. Answer it once, with `finish` or `requeue`; later answers are ignored. With a handler given to
 * `consumer.run` that happens by itself.
 *
 * @category Message
 */
export class Message {
  /** Deliveries so far, this one included. */
  readonly attempts: number
  /** When it came, on the clock of `performance.now()`. */
  readonly receivedAtMs: number
  /** When it came, or was last touched, on the same clock. */
  touchedAtMs: number
  touchCount = 0
  /** Whether FIN or REQ was sent, or the chance for it is gone. */
  hasResponded = false
  /** Whether the handler's end answers nothing. */
  isAutoResponseDisabled = false
  private readonly owner: MessageOwner
  private readonly buffer: Buffer
  private readonly start: number
  private readonly end: number

  /**
   * @param buffer kept; the message's data lies at start…end. Made by the consumer.
   * @internal
   */
  constructor(owner: MessageOwner, buffer: Buffer, start: number, end: number, nowMs: number) {
    this.attempts = (buffer[start + ATTEMPTS_AT]! << 8) | buffer[start + ATTEMPTS_AT + 1]!
    this.receivedAtMs = nowMs
    this.touchedAtMs = nowMs
    this.owner = owner
    this.buffer = buffer
    this.start = start
    this.end = end
  }

  /** 16 characters, the same in every channel. */
  get id(): string {
    const at = this.start + ID_AT
    return this.buffer.toString('latin1', at, at + MESSAGE_ID_BYTES)
  }

  /**
   * A view of what the socket read. It keeps up to 64 KiB alive with it: copy what you keep for long.
   */
  get body(): Buffer {
    return this.buffer.subarray(this.start + MESSAGE_HEADER_BYTES, this.end)
  }

  /** The body as UTF-8 text; decoded at every call. */
  text(): string {
    return this.buffer.toString('utf8', this.start + MESSAGE_HEADER_BYTES, this.end)
  }

  /**
   * The body as JSON, unchecked; parsed at every call.
   *
   * @throws {SyntaxError} when it is none.
   */
  json(): unknown {
    return JSON.parse(this.text())
  }

  /** When nsqd took the message, in Unix nanoseconds. */
  get timestampNs(): bigint {
    return this.buffer.readBigInt64BE(this.start)
  }

  /** When nsqd took the message. */
  get publishedAt(): Date {
    return new Date(Number(this.timestampNs / 1_000_000n))
  }

  /** The nsqd it came from. */
  get address(): string {
    return this.owner.address
  }

  /** Whether nsqd still waits for the answer, as far as this side can tell. */
  get isTimedOut(): boolean {
    return this.timeUntilTimeoutMs() === undefined && !this.hasResponded
  }

  /** Done with it: FIN. */
  finish(): void {
    if (this.hasResponded) return
    this.hasResponded = true
    this.owner.finish(this.buffer, this.start + ID_AT)
  }

  /**
   * Puts it back on its channel: REQ.
   *
   * @param delayMs wait before it is delivered again, clamped by nsqd to its `--max-req-timeout`; without it, or with
   *   less than 0, `requeueDelayMs` times the attempts so far, up to `maxRequeueDelayMs`.
   *
   * Source: NSQ TCP protocol V2, REQ.
   */
  requeue(delayMs = -1, options?: RequeueOptions): void {
    if (this.hasResponded) return
    this.hasResponded = true
    this.owner.requeue(this, delayMs, options?.backoff ?? true)
  }

  /** Asks nsqd for another `msgTimeoutMs`: TOUCH. Ignored once answered. */
  touch(): void {
    if (this.hasResponded) return
    this.touchCount++
    this.touchedAtMs = performance.now()
    this.owner.touch(this.buffer, this.start + ID_AT)
  }

  /** From now on the handler's end answers nothing: `finish` or `requeue` must be called, whenever that is. */
  disableAutoResponse(): void {
    this.isAutoResponseDisabled = true
  }

  /**
   * Milliseconds until nsqd gives the message to somebody else; undefined once that time has passed or it is answered.
   *
   * @param hard the limit that touching cannot move.
   */
  timeUntilTimeoutMs(hard = false): number | undefined {
    if (this.hasResponded) return undefined
    const limit = hard
      ? this.receivedAtMs + this.owner.maxMsgTimeoutMs
      : this.touchedAtMs + this.owner.msgTimeoutMs
    const leftMs = limit - performance.now()
    return leftMs > 0 ? leftMs : undefined
  }

  /**
   * Touches it when less than half of its time is left.
   *
   * @internal
   */
  touchInTime(): void {
    const leftMs = this.timeUntilTimeoutMs()
    if (leftMs !== undefined && leftMs < this.owner.msgTimeoutMs / 2) this.touch()
  }

  /**
   * Nobody will answer it: nsqd doesn't wait for it any more.
   *
   * @internal
   */
  drop(): void {
    if (this.hasResponded) return
    this.hasResponded = true
    this.owner.drop()
  }

  /** Whether its connection is gone. */
  get isStale(): boolean {
    return this.owner.isClosed
  }
}
