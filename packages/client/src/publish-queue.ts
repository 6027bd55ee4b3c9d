// Hot: what a producer has pending. A publish is `waiting` until it is written, `sent` until it is answered, and
// settles exactly once.

import { Aborts } from './aborts.ts'
import { OutcomeUnknownError, QueueFullError, QueueTimeoutError } from './errors.ts'
import { Fifo } from './fifo.ts'
import type { Publish } from './publish.ts'
import type { Outbox } from './transport/outbox.ts'

export interface QueueLimits {
  readonly maxPendingMessages: number
  readonly maxPendingBytes: number
  readonly queueTimeoutMs: number
}

export class PublishQueue {
  readonly #address: string
  readonly #limits: QueueLimits
  #waiting = new Fifo<Publish>()
  #sent = new Fifo<Publish>()
  readonly #aborts = new Aborts()
  #timer: NodeJS.Timeout | undefined
  #drainWaiters: (() => void)[] = []
  /** Why nothing can be sent now; the cause of what times out. */
  lastError: Error | undefined
  pendingMessages = 0
  pendingBytes = 0
  published = 0
  failed = 0
  /** Rises with each answer. */
  answered = 0

  constructor(address: string, limits: QueueLimits) {
    this.#address = address
    this.#limits = limits
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get unanswered(): number {
    return this.#sent.length
  }

  /** @throws {QueueFullError} */
  checkRoom(messages: number, bytes: number): void {
    const { maxPendingMessages, maxPendingBytes } = this.#limits
    if (this.pendingMessages + messages > maxPendingMessages) {
      const text = `${this.pendingMessages} messages pending, ${messages} more > ${maxPendingMessages}`
      throw new QueueFullError(text, this.#address)
    }
    if (this.pendingBytes + bytes > maxPendingBytes) {
      const text = `${this.pendingBytes} bytes pending, ${bytes} more > ${maxPendingBytes}`
      throw new QueueFullError(text, this.#address)
    }
  }

  /** Counts a publish as pending and makes its promise. {@link onSettled} must be what it calls at its end. */
  begin(publish: Publish, signal: AbortSignal | undefined): Promise<void> {
    this.pendingMessages += publish.messages
    this.pendingBytes += publish.bodyBytes
    const promise = new Promise<void>((resolve, reject) => {
      publish.resolve = resolve
      publish.reject = reject
    })
    if (signal !== undefined) {
      this.#aborts.add(signal, publish)
      const forget = (): void => this.#aborts.delete(signal, publish)
      promise.then(forget, forget)
    }
    return promise
  }

  readonly onSettled = (publish: Publish, error: Error | undefined): void => {
    this.pendingMessages -= publish.messages
    this.pendingBytes -= publish.bodyBytes
    if (error === undefined) {
      this.published += publish.messages
      publish.resolve?.()
    } else {
      this.failed += publish.messages
      publish.reject?.(error)
    }
    if (this.pendingMessages > 0) return
    const waiters = this.#drainWaiters
    this.#drainWaiters = []
    for (const resolve of waiters) resolve()
  }

  /** Resolves when nothing is pending. */
  drained(): Promise<void> {
    if (this.pendingMessages === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve)
    })
  }

  send(publish: Publish, outbox: Outbox): void {
    publish.write(outbox)
    this.#sent.push(publish)
  }

  /** Keeps a publish until there is a connection, or its time is over. */
  wait(publish: Publish): void {
    publish.waitingSince = performance.now()
    this.#waiting.push(publish)
    this.watch()
  }

  sendWaiting(outbox: Outbox): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const publish of drain(this.#waiting)) {
      if (!publish.isSettled) this.send(publish, outbox)
    }
  }

  /** The answer to the oldest publish sent. @returns whether there was one. */
  answer(error?: Error): boolean {
    this.answered++
    const publish = this.#sent.shift()
    publish?.settle(error)
    return publish !== undefined
  }

  /** What was sent was not looked at by nsqd: it waits for the next connection. */
  sendAgain(): void {
    const sent = this.#sent
    this.#sent = new Fifo()
    const newer = this.#waiting
    this.#waiting = new Fifo()
    for (const publish of drain(sent)) {
      publish.waitingSince = performance.now()
      this.#waiting.push(publish)
    }
    for (const publish of drain(newer)) this.#waiting.push(publish)
  }

  /** The connection is gone, and with it the answers to what was sent. */
  lose(cause: Error | undefined): void {
    const sent = this.#sent
    this.#sent = new Fifo()
    for (const publish of drain(sent)) {
      publish.settle(new OutcomeUnknownError({ address: this.#address, cause }))
    }
  }

  rejectWaiting(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = new Fifo()
    for (const publish of drain(waiting)) publish.settle(error)
  }

  /** One timer, for the publish that waits longest. */
  watch(): void {
    const oldest = this.#waiting.peek()
    if (oldest === undefined || this.#timer !== undefined) return
    const leftMs = this.#limits.queueTimeoutMs - (performance.now() - oldest.waitingSince)
    this.#timer = setTimeout(() => this.#dropLate(), Math.max(0, Math.ceil(leftMs)))
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #dropLate(): void {
    this.#timer = undefined
    const { queueTimeoutMs } = this.#limits
    const limit = performance.now() - queueTimeoutMs
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (next.waitingSince > limit && !next.isSettled) break
      this.#waiting.shift()
      const details = { address: this.#address, cause: this.lastError }
      next.settle(new QueueTimeoutError(queueTimeoutMs, details))
    }
    this.watch()
  }
}

function* drain(queue: Fifo<Publish>): Generator<Publish> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) yield next
}
