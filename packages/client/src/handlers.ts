// Hot: messages in, handler calls out, so many at a time.

import { Fifo } from './fifo.ts'
import { messageEndChannel, messageStartChannel } from './diagnostics.ts'
import { asError } from './errors.ts'
import type { Message } from './message.ts'

/**
 * What a consumer does with a message: resolve to finish it, reject to have it requeued with back-off.
 *
 * @category Consumer
 */
export type MessageHandler = (message: Message) => unknown

export interface HandlersSettings {
  readonly handler: MessageHandler
  /** 0 for no limit of its own. */
  readonly concurrency: number
  /** Gives a message up instead of handling it; false to handle it. */
  giveUp(message: Message): boolean
  onHandlerError(error: Error, message: Message): void
}

/** Runs one handler at a time, and is used again: its two callbacks are made once, not per message. */
class Slot {
  message: Message | undefined
  readonly onDone: () => void
  readonly onFailed: (reason: unknown) => void

  constructor(end: (slot: Slot, hasFailed: boolean, reason: unknown) => void) {
    this.onDone = () => end(this, false, undefined)
    this.onFailed = (reason) => end(this, true, reason)
  }
}

export class Handlers {
  readonly #settings: HandlersSettings
  readonly #concurrency: number
  readonly #waiting = new Fifo<Message>()
  /** Every slot made, and those among them at rest. */
  readonly #slots: Slot[] = []
  readonly #free: Slot[] = []
  #running = 0
  #isPumping = false

  constructor(settings: HandlersSettings) {
    this.#settings = settings
    this.#concurrency = settings.concurrency === 0 ? Infinity : settings.concurrency
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Hot. */
  push(message: Message): void {
    if (this.#waiting.length === 0 && this.#running < this.#concurrency) this.#start(message)
    else this.#waiting.push(message)
  }

  /** Messages whose handler runs now and that nobody has answered. */
  forEachRunning(visit: (message: Message) => void): void {
    for (const { message } of this.#slots) {
      if (message !== undefined && !message.hasResponded) visit(message)
    }
  }

  /** Takes what no handler has begun with. */
  takeWaiting(): Message[] {
    const taken: Message[] = []
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      taken.push(next)
    }
    return taken
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#running < this.#concurrency) {
      const message = this.#waiting.shift()
      if (message === undefined) break
      // nsqd has given it to somebody else by now, or will.
      if (message.isStale || message.isTimedOut) {
        message.drop()
        continue
      }
      this.#start(message)
    }
    this.#isPumping = false
  }

  #start(message: Message): void {
    if (this.#settings.giveUp(message)) return
    const slot = this.#free.pop() ?? this.#makeSlot()
    slot.message = message
    this.#running++
    if (messageStartChannel.hasSubscribers) messageStartChannel.publish({ message })
    let result: unknown
    try {
      result = this.#settings.handler(message)
    } catch (error) {
      this.#end(slot, true, error)
      return
    }
    if (isThenable(result)) result.then(slot.onDone, slot.onFailed)
    else this.#end(slot, false, undefined)
  }

  #makeSlot(): Slot {
    const slot = new Slot((own, hasFailed, reason) => this.#end(own, hasFailed, reason))
    this.#slots.push(slot)
    return slot
  }

  #end(slot: Slot, hasFailed: boolean, reason: unknown): void {
    const message = slot.message
    if (message === undefined) return
    slot.message = undefined
    this.#running--
    this.#free.push(slot)
    if (messageEndChannel.hasSubscribers) {
      messageEndChannel.publish({ message, error: hasFailed ? reason : undefined })
    }
    if (hasFailed) this.#settings.onHandlerError(asError(reason), message)
    if (!message.isAutoResponseDisabled) {
      if (hasFailed) message.requeue()
      else message.finish()
    }
    this.#pump()
  }
}

function isThenable(result: unknown): result is PromiseLike<unknown> {
  return (
    typeof result === 'object' &&
    result !== null &&
    'then' in result &&
    typeof result.then === 'function'
  )
}
