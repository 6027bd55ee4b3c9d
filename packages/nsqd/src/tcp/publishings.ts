// Hot: asked for every PUB, MPUB and DPUB.

import { parseTopicName, ProtocolError, quoteBytes, type TopicName } from '@tsq/protocol'

import type { Topic } from '../topic.ts'
import type { Input } from './input.ts'

/** What a connection published to one topic. */
interface Publishing {
  readonly name: Buffer
  topic: Topic
  count: number
}

/**
 * The topics that a connection publishes to, and how much. Mostly that is one: its name is compared as bytes, without making
 * a string.
 */
export class Publishings {
  readonly #open: (name: TopicName) => Topic
  readonly #all = new Map<string, Publishing>()
  #last: Publishing | undefined

  /** @param open the topic of that name, made if it is not there. */
  constructor(open: (name: TopicName) => Topic) {
    this.#open = open
  }

  /** Topic names and counts of messages published. */
  get counts(): [topic: string, count: number][] {
    const counts: [string, number][] = []
    for (const [name, { count }] of this.#all) if (count > 0) counts.push([name, count])
    return counts
  }

  /** What {@link topicFor} answered last. */
  get lastTopic(): Topic {
    return this.#last!.topic
  }

  /** @throws {ProtocolError} `E_BAD_TOPIC` where the token is no topic's name. */
  check(input: Input, token: number, command: string): void {
    if (this.#isLast(input, token)) return
    if (parseTopicName(input.text(token)) !== undefined) return
    const quoted = quoteBytes(input.token(token))
    throw new ProtocolError('E_BAD_TOPIC', `${command} topic name ${quoted} is not valid`)
  }

  /** The topic that the token names, which has been checked. Counts `count` publishes. */
  topicFor(input: Input, token: number, count: number): Topic {
    if (!this.#isLast(input, token)) {
      const name = input.text(token) as TopicName
      const known = this.#all.get(name)
      this.#last = known ?? { name: Buffer.from(name), topic: this.#open(name), count: 0 }
      if (known === undefined) this.#all.set(name, this.#last)
    }
    const publishing = this.#last!
    if (publishing.topic.isExiting) publishing.topic = this.#open(publishing.topic.name)
    publishing.count += count
    return publishing.topic
  }

  #isLast(input: Input, token: number): boolean {
    const last = this.#last?.name
    const from = input.from(token)
    if (last === undefined || input.to(token) - from !== last.length) return false
    for (let i = 0; i < last.length; i++) if (input.bytes[from + i] !== last[i]) return false
    return true
  }

  /** Statistics are to know nothing of it any longer. */
  clear(): void {
    this.#all.clear()
    this.#last = undefined
  }
}
