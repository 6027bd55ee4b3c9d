// Hot: a consumer's connection to one nsqd, from SUB to the last answer after CLS.

import {
  encodeCls,
  encodeReq,
  encodeRdy,
  encodeSub,
  MESSAGE_HEADER_BYTES,
  type ChannelName,
  type TopicName,
} from '@tsq/protocol'
import type { Connection, ConnectionHandler } from './connection.ts'
import { ConnectionError, PeerError, type NsqError, type ServerError } from './errors.ts'
import { Message, type MessageOwner } from './message.ts'
import type { ReadyPeer } from './ready-control.ts'

const FIN = Buffer.from('FIN ')
const TOUCH = Buffer.from('TOUCH ')
/** An nsqd never has this many more in flight than it was asked for, even when messages time out and come again. */
const FLOOD_SLACK = 10_000
const CLOSE_GRACE_MS = 10

/** What happens on a subscription. */
export interface SubscriptionEvents {
  onMessage(message: Message, from: Subscription): void
  /** Before FIN or REQ is written. */
  onAnswer(outcome: 'success' | 'failure' | 'continue'): void
  /** After it. */
  onAnswered(from: Subscription): void
  onServerError(error: ServerError): void
  onClose(from: Subscription, error: NsqError | undefined): void
  /** For a message requeued without a delay of its own. */
  requeueDelayMs(attempts: number): number
}

export class Subscription implements ConnectionHandler, MessageOwner, ReadyPeer {
  readonly address: string
  readonly maxRdyCount: number
  readonly msgTimeoutMs: number
  readonly maxMsgTimeoutMs: number
  inFlight = 0
  isClosed = false
  readonly #connection: Connection
  readonly #events: SubscriptionEvents
  #highestReady = 0
  #isSubscribed: ((error?: Error) => void) | undefined
  /** Whether {@link start} has given it out: before that a loss is told by its rejection alone. */
  #isStarted = false
  #lost: NsqError | undefined
  #hasClsAnswer = false
  #isClosing = false

  private constructor(connection: Connection, events: SubscriptionEvents) {
    this.#connection = connection
    this.#events = events
    this.address = connection.address.key
    this.maxRdyCount = connection.server?.maxRdyCount ?? 1
    this.msgTimeoutMs = connection.server?.msgTimeoutMs ?? 60_000
    this.maxMsgTimeoutMs = connection.server?.maxMsgTimeoutMs ?? 900_000
  }

  /** Subscribes on a fresh connection. Resolves with nsqd's `OK`. */
  static async start(
    connection: Connection,
    topic: TopicName,
    channel: ChannelName,
    events: SubscriptionEvents,
  ): Promise<Subscription> {
    const subscription = new Subscription(connection, events)
    const subscribed = new Promise<void>((resolve, reject) => {
      subscription.#isSubscribed = (error) => {
        subscription.#isSubscribed = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
    })
    connection.attach(subscription)
    const askedAt = performance.now()
    connection.outbox.bytes(encodeSub(topic, channel))
    await subscribed
    connection.tookRoundTrip(askedAt)
    // What came behind the OK in one read may have ended it.
    if (subscription.#lost !== undefined) throw subscription.#lost
    subscription.#isStarted = true
    return subscription
  }

  get roundTripMs(): number {
    return this.#connection.roundTripMs
  }

  sendReady(count: number): void {
    if (count > this.#highestReady) this.#highestReady = count
    this.#connection.outbox.bytes(encodeRdy(count))
  }

  /** Asks for no more (CLS). Closes once nsqd has agreed and everything in flight is answered. */
  drain(): void {
    if (this.#isClosing || this.isClosed) return
    this.#isClosing = true
    this.#connection.outbox.bytes(encodeCls())
  }

  /** Closes at once; what is in flight times out at nsqd. */
  destroy(error?: NsqError): void {
    this.#connection.destroy(error)
  }

  /** Sends what is written, then closes. */
  end(): void {
    this.#connection.end()
  }

  // --- answers to messages

  finish(buffer: Buffer, idStart: number): void {
    this.#events.onAnswer('success')
    if (!this.isClosed) this.#connection.outbox.aboutMessage(FIN, buffer, idStart)
    this.#answered()
  }

  requeue(message: Message, delayMs: number, backoff: boolean): void {
    this.#events.onAnswer(backoff ? 'failure' : 'continue')
    if (!this.isClosed) {
      const chosenMs = delayMs < 0 ? this.#events.requeueDelayMs(message.attempts) : delayMs
      this.#connection.outbox.bytes(encodeReq(message.id, Math.round(chosenMs)))
    }
    this.#answered()
  }

  touch(buffer: Buffer, idStart: number): void {
    if (!this.isClosed) this.#connection.outbox.aboutMessage(TOUCH, buffer, idStart)
  }

  drop(): void {
    this.#answered()
  }

  #answered(): void {
    this.inFlight--
    this.#events.onAnswered(this)
    if (this.#isClosing) this.#endWhenDrained()
  }

  #endWhenDrained(): void {
    if (this.#hasClsAnswer && this.inFlight === 0 && !this.isClosed) this.#connection.end()
  }

  // --- what nsqd sends

  onMessage(buffer: Buffer, start: number, end: number): void {
    if (end - start < MESSAGE_HEADER_BYTES) {
      const text = `${this.address} sent a message of ${end - start} bytes < ${MESSAGE_HEADER_BYTES}`
      this.destroy(new PeerError(text, { address: this.address }))
      return
    }
    if (this.inFlight >= this.#highestReady + FLOOD_SLACK) {
      const text = `${this.address} sent ${this.inFlight} messages, asked for ${this.#highestReady}`
      this.destroy(new PeerError(text, { address: this.address }))
      return
    }
    this.inFlight++
    this.#events.onMessage(new Message(this, buffer, start, end, performance.now()), this)
  }

  onOk(): void {
    if (this.#isSubscribed !== undefined) this.#isSubscribed()
    else this.destroy(new PeerError(`${this.address} sent OK unasked`, { address: this.address }))
  }

  /** A message written at that instant may still follow: closing at once would leave it to time out. */
  onCloseWait(): void {
    setTimeout(() => {
      this.#hasClsAnswer = true
      this.#endWhenDrained()
    }, CLOSE_GRACE_MS)
  }

  onServerError(error: ServerError): void {
    if (this.#isSubscribed !== undefined) this.#isSubscribed(error)
    else this.#events.onServerError(error)
  }

  onHeartbeat(): void {}

  onWatch(): void {}

  onClose(error: NsqError | undefined): void {
    this.isClosed = true
    if (this.#isStarted) {
      this.#events.onClose(this, error)
      return
    }
    this.#lost =
      error ?? new ConnectionError('ERR_CONNECTION_LOST', 'closed', { address: this.address })
    this.#isSubscribed?.(this.#lost)
  }
}
