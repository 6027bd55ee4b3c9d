import type { Message } from './message.ts'

type Touchable = Pick<Message, 'touchInTime'>

/** One timer for all messages whose handlers run: it touches those that have used half of their time. */
export class AutoTouch {
  readonly #forEachRunning: (visit: (message: Touchable) => void) => void
  /** Every nsqd has a message timeout of its own; the shortest says how often to look. */
  #shortestMs = Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(forEachRunning: (visit: (message: Touchable) => void) => void) {
    this.#forEachRunning = forEachRunning
  }

  /** Keeps messages of an nsqd with this message timeout, too. */
  keep(msgTimeoutMs: number): void {
    if (msgTimeoutMs >= this.#shortestMs) return
    this.#shortestMs = msgTimeoutMs
    clearInterval(this.#timer)
    this.#timer = setInterval(() => {
      this.#forEachRunning((message) => message.touchInTime())
    }, msgTimeoutMs / 8)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
