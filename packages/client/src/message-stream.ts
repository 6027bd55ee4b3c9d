import { Fifo } from './fifo.ts'
import type { Message } from './message.ts'

/**
 * Messages as an async iterator: what `for await (const message of consumer)` reads. Nobody answers but you.
 *
 * @category Message
 */
export class MessageStream implements AsyncIterableIterator<Message> {
  readonly #waiting = new Fifo<Message>()
  readonly #readers = new Fifo<(result: IteratorResult<Message, undefined>) => void>()
  readonly #onReturn: () => Promise<void>
  #isEnded = false
  /** Nobody will read on: what still comes goes back. */
  #isLeft = false

  /**
   * @param onReturn the loop was left.
   * @internal
   */
  constructor(onReturn: () => Promise<void>) {
    this.#onReturn = onReturn
  }

  /** @internal */
  push(message: Message): void {
    if (this.#isLeft) {
      message.requeue(0, { backoff: false })
      return
    }
    const reader = this.#readers.shift()
    if (reader === undefined) this.#waiting.push(message)
    else reader({ done: false, value: message })
  }

  /**
   * No more will come; what waits is still read.
   *
   * @internal
   */
  end(): void {
    this.#isEnded = true
    for (let next = this.#readers.shift(); next !== undefined; next = this.#readers.shift()) {
      next({ done: true, value: undefined })
    }
  }

  /**
   * Puts back what was not read.
   *
   * @internal
   */
  requeueWaiting(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.requeue(0, { backoff: false })
    }
  }

  /** The next message, once there is one; done when the consumer is closed. */
  next(): Promise<IteratorResult<Message, undefined>> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.isStale && !next.isTimedOut) return Promise.resolve({ done: false, value: next })
      next.drop()
    }
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  /** Leaves: what was not read goes back, and the consumer closes. What `break` calls. */
  async return(): Promise<IteratorResult<Message, undefined>> {
    this.#isLeft = true
    this.requeueWaiting()
    this.end()
    await this.#onReturn()
    return { done: true, value: undefined }
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this
  }
}
