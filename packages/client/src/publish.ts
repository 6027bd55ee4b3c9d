// Hot: one object per publish, from the call to its answer.

import { checkedTopic } from './body.ts'
import type { Outbox } from './transport/outbox.ts'

const MAX_KNOWN = 1_000

/** A PUB, MPUB or DPUB that waits to be sent, or for its answer. */
export class Publish {
  /** The command line, its LF included. */
  readonly head: Buffer
  /** One body, or those of an MPUB. Borrowed from the caller. */
  readonly bodies: Uint8Array | readonly Uint8Array[]
  readonly messages: number
  readonly bodyBytes: number
  /** When it began to wait for a connection; 0 when it did not. */
  waitingSince = 0
  isSettled = false
  private readonly onSettled: (publish: Publish, error: Error | undefined) => void
  resolve: (() => void) | undefined = undefined
  reject: ((error: Error) => void) | undefined = undefined

  constructor(
    head: Buffer,
    bodies: Uint8Array | readonly Uint8Array[],
    messages: number,
    bodyBytes: number,
    onSettled: (publish: Publish, error: Error | undefined) => void,
  ) {
    this.head = head
    this.bodies = bodies
    this.messages = messages
    this.bodyBytes = bodyBytes
    this.onSettled = onSettled
  }

  write(outbox: Outbox): void {
    const { bodies } = this
    if (bodies instanceof Uint8Array) outbox.withBody(this.head, bodies)
    else outbox.withBodies(this.head, bodies, this.bodyBytes)
  }

  /** Only the first call counts. */
  settle(error?: Error): void {
    if (this.isSettled) return
    this.isSettled = true
    this.onSettled(this, error)
  }
}

/** Command lines of the topics published to lately, so that each is encoded once. */
export class Heads {
  readonly #known = new Map<string, Buffer>()
  /** The one asked for last: programs publish to the same topic again and again. */
  #lastTopic = ''
  #lastVerb = ''
  #lastHead: Buffer = Buffer.alloc(0)

  /**
   * Checks the name too, so that it is not done again for every publish to the same topic.
   *
   * @throws {ArgumentError} `ERR_TOPIC_NAME`.
   */
  get(verb: 'PUB' | 'MPUB', topic: string): Buffer {
    if (topic === this.#lastTopic && verb === this.#lastVerb) return this.#lastHead
    const line = `${verb} ${checkedTopic(topic)}\n`
    let head = this.#known.get(line)
    if (head === undefined) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      head = Buffer.from(line, 'latin1')
      this.#known.set(line, head)
    }
    this.#lastTopic = topic
    this.#lastVerb = verb
    this.#lastHead = head
    return head
  }
}
