import { encodeDpub, encodeMpub, encodePub, type TopicName } from '@tsq/protocol'

import { Connection } from './connection.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from '@tsq/testing'

const TICK_MS = 4
/** Publishes sent and not answered. */
const WINDOW = 16
const LARGEST_BATCH = 24
const LONGEST_BODY = 600
const SHORT_DELAY_MS = 1_500
const LONG_DELAY_MS = 4_000

/** Publishes a mix of PUB, MPUB and DPUB as long as its connection lasts. */
export class Publisher {
  readonly #connection: Connection
  readonly #topic: TopicName
  readonly #ledger: Ledger
  readonly #random: Random
  /** The messages of each publish that has not been answered, oldest first. */
  readonly #waiting: number[][] = []
  readonly #timer: NodeJS.Timeout
  #hasIdentified = false

  constructor(port: number, topic: TopicName, ledger: Ledger, random: Random) {
    this.#topic = topic
    this.#ledger = ledger
    this.#random = random
    this.#connection = new Connection(
      port,
      {
        response: () => this.#answered(),
        error: (text) => {
          ledger.failure ??= new Error(`a publisher was told ${text}`)
        },
        message: () => {},
      },
      { client_id: 'publisher' },
    )
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    void this.#connection.closed.then(() => clearInterval(this.#timer))
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  get unanswered(): number {
    return this.#waiting.length
  }

  /** Sends nothing more. */
  stop(): void {
    clearInterval(this.#timer)
  }

  close(): void {
    this.#connection.close()
  }

  #tick(): void {
    if (this.#waiting.length < WINDOW && this.#connection.isOpen) this.publish()
  }

  publish(): void {
    const what = this.#random.next()
    if (what < 0.3) {
      const count = this.#random.between(1, LARGEST_BATCH)
      const numbers = Array.from({ length: count }, () => this.#ledger.send(0))
      this.#waiting.push(numbers)
      const bodies = numbers.map((number) => this.#body(number))
      this.#connection.send(encodeMpub(this.#topic, bodies))
      return
    }
    const delayMs = what < 0.5 ? this.#delay() : 0
    const number = this.#ledger.send(delayMs)
    this.#waiting.push([number])
    const body = this.#body(number)
    this.#connection.send(
      delayMs > 0 ? encodeDpub(this.#topic, delayMs, body) : encodePub(this.#topic, body),
    )
  }

  #delay(): number {
    return this.#random.between(1, this.#random.chance(0.1) ? LONG_DELAY_MS : SHORT_DELAY_MS)
  }

  #body(number: number): Buffer {
    return Buffer.from(`${number} `.padEnd(this.#random.between(10, LONGEST_BODY), '-'))
  }

  #answered(): void {
    if (!this.#hasIdentified) {
      this.#hasIdentified = true
      return
    }
    for (const number of this.#waiting.shift() ?? []) this.#ledger.ack(number)
  }
}
