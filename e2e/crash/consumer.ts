import {
  type ChannelName,
  decodeMessage,
  encodeFin,
  encodeRdy,
  encodeReq,
  encodeSub,
  encodeTouch,
  type TopicName,
} from '@tsq/protocol'

import { Connection } from './connection.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from '@tsq/testing'

const READY_COUNT = 60
/** Messages it keeps without an answer, so that some are in flight at every kill. */
const MOST_KEPT = READY_COUNT / 2
const LONGEST_REQUEUE_MS = 400
const MSG_TIMEOUT_MS = 2_000
/** An id that nobody has: the refusal says that all before it has been taken. */
const NOBODY = '0'.repeat(16)
const BARRIER_MS = 20

export type Manner = 'mixed' | 'finish all'

/** Consumes one channel: finishes most, requeues some, touches a few and leaves a few unanswered. */
export class Consumer {
  readonly #connection: Connection
  readonly #channel: ChannelName
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #manner: Manner
  /** Sent and perhaps not taken yet, by id; in order. */
  readonly #finishing = new Map<string, number>()
  /** How many of them stood before each barrier that is out. */
  readonly #barriers: string[][] = []
  readonly #timer: NodeJS.Timeout
  readonly subscribed: Promise<void>
  #kept = 0

  constructor(
    port: number,
    names: { topic: TopicName; channel: ChannelName },
    ledger: Ledger,
    random: Random,
    manner: Manner = 'mixed',
  ) {
    this.#channel = names.channel
    this.#ledger = ledger
    this.#random = random
    this.#manner = manner
    let answers = 0
    let subscribed: () => void
    this.subscribed = new Promise((resolve) => {
      subscribed = resolve
    })
    this.#connection = new Connection(
      port,
      {
        // The answers to IDENTIFY and SUB.
        response: () => {
          answers += 1
          if (answers === 2) subscribed()
        },
        error: (text) => this.#refused(text),
        message: (data) => this.#received(data),
      },
      { client_id: 'consumer', msg_timeout: MSG_TIMEOUT_MS },
    )
    this.#connection.send(encodeSub(names.topic, names.channel))
    this.#connection.send(encodeRdy(READY_COUNT))
    this.#timer = setInterval(() => this.#raiseBarrier(), BARRIER_MS)
    void this.#untilClosed(() => subscribed())
  }

  async #untilClosed(subscribed: () => void): Promise<void> {
    await this.#connection.closed
    clearInterval(this.#timer)
    subscribed()
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  close(): void {
    this.#connection.close()
  }

  #received(data: Buffer): void {
    const { id, body } = decodeMessage(data)
    const text = body.toString('latin1')
    this.#ledger.deliver(this.#channel, id, text)
    this.#finishing.delete(id)
    const what = this.#manner === 'finish all' ? 1 : this.#random.next()
    if (what < 0.04 && this.#kept < MOST_KEPT) {
      this.#kept += 1
    } else if (what < 0.12) {
      const delayMs = this.#random.chance(0.5) ? 0 : this.#random.between(1, LONGEST_REQUEUE_MS)
      this.#connection.send(encodeReq(id, delayMs))
    } else {
      if (what < 0.16) this.#connection.send(encodeTouch(id))
      this.#connection.send(encodeFin(id))
      this.#finishing.set(id, Number.parseInt(text, 10))
    }
  }

  #raiseBarrier(): void {
    if (this.#finishing.size === 0 || this.#barriers.length > 0) return
    this.#barriers.push([...this.#finishing.keys()])
    this.#connection.send(encodeTouch(NOBODY))
  }

  #refused(text: string): void {
    if (text.startsWith(`E_TOUCH_FAILED TOUCH ${NOBODY}`)) {
      for (const id of this.#barriers.shift() ?? []) this.#taken(id)
      return
    }
    const refusal = /^E_(?:FIN|REQ|TOUCH)_FAILED (FIN|REQ|TOUCH) ([0-9a-f]{16}) failed/.exec(text)
    // A message that was kept too long is not this consumer's any more.
    if (refusal !== null) this.#finishing.delete(refusal[2]!)
    else this.#ledger.failure ??= new Error(`a consumer was told ${text}`)
  }

  #taken(id: string): void {
    const number = this.#finishing.get(id)
    if (number === undefined) return
    this.#finishing.delete(id)
    this.#ledger.finish(this.#channel, number)
  }
}
