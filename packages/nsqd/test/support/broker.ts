// The broker's core on files in memory: topics and channels without sockets, every turn and every tick by hand.

import { withDefaults } from '@tsq/daemon'
import {
  type ChannelName,
  decodeMessage,
  FRAME_HEADER_BYTES,
  frameBytesAt,
  type TopicName,
  writeUint32,
} from '@tsq/protocol'

import type { LogChannel } from '../../src/log-channel.ts'
import type { LogTopic } from '../../src/log-topic.ts'
import type { Lender } from '../../src/log/chunk.ts'
import { type NsqdOptions, nsqdOptions, nsqdRules } from '../../src/options.ts'
import type { Subscriber } from '../../src/subscriber.ts'
import { Topics } from '../../src/topics.ts'
import { Turn } from '../../src/turn.ts'
import { FakeClock } from './fake-clock.ts'
import type { FaultyFiles } from './faulty-files.ts'
import { MemoryFiles } from './memory-files.ts'

export const DATA_PATH = '/data'
const MAX_RUNS = 100_000

/** What is to be done later, by hand: turns, reads and syncs. */
export class Later {
  readonly #queue: (() => void)[] = []
  readonly schedule = (run: () => void): void => {
    this.#queue.push(run)
  }

  get length(): number {
    return this.#queue.length
  }

  /** Does the oldest thing. */
  step(): void {
    this.#queue.shift()?.()
  }

  /** Does all of it, and what comes of it. */
  run(): void {
    for (let i = 0; this.#queue.length > 0; i++) {
      if (i > MAX_RUNS) throw new Error('the broker does not come to rest')
      this.#queue.shift()!()
    }
  }
}

export interface Received {
  readonly id: string
  readonly body: string
  readonly attempts: number
}

/** A consumer that takes all it gets and answers when told. */
export class Reader implements Subscriber {
  readonly id: number
  readonly msgTimeoutMs = 60_000
  readonly sampleRate = 0
  inFlight = 0
  isListed = false
  readyCount = Infinity
  readonly received: Received[] = []

  constructor(id: number) {
    this.id = id
  }

  room(): number {
    return this.readyCount - this.inFlight
  }

  deliver(frames: Uint8Array, count: number, lender: Lender | undefined): void {
    const bytes = Buffer.from(frames)
    let at = 0
    for (let i = 0; i < count; i++) {
      const end = at + frameBytesAt(bytes, at)
      const message = decodeMessage(bytes.subarray(at + FRAME_HEADER_BYTES, end))
      const { id, attempts, body } = message
      this.received.push({ id, attempts, body: body.toString('latin1') })
      at = end
    }
    lender?.release()
  }

  close(): void {}
}

/** One publish and what has become of it. */
export interface Ticket {
  readonly bodies: readonly string[]
  readonly position: number
}

/** One life of the broker's core: from opening the files to being killed or closed. */
export class Broker {
  readonly clock: FakeClock
  readonly later = new Later()
  readonly turn: Turn
  readonly topics: Topics
  readonly notes: string[] = []
  #readers = 0

  constructor(
    files: MemoryFiles | FaultyFiles,
    options: Partial<NsqdOptions> = {},
    clock = new FakeClock(),
  ) {
    this.clock = clock
    files.schedule = this.later.schedule
    this.turn = new Turn(this.later.schedule)
    const all = withDefaults(nsqdOptions, { dataPath: DATA_PATH, nodeId: 7, ...options }, nsqdRules)
    this.topics = new Topics(all, {
      files,
      clock: this.clock,
      turn: this.turn,
      note: (level, text) => {
        if (level !== 'info') this.notes.push(text)
      },
    })
  }

  topic(name: string): LogTopic {
    return this.topics.topic(name as TopicName)
  }

  channel(topic: string, name: string): LogChannel {
    return this.topic(topic).channel(name as ChannelName)
  }

  /** Publishes one message; it is committed at the end of the turn. */
  publish(topicName: string, body: string, delayMs = 0): Ticket {
    const topic = this.topic(topicName)
    const source = Buffer.from(body, 'latin1')
    topic.publish(source, 0, source.length, delayMs)
    return { bodies: [body], position: topic.appendedPosition }
  }

  publishMany(topicName: string, bodies: readonly string[]): Ticket {
    const topic = this.topic(topicName)
    const parts: Buffer[] = []
    let bodyBytes = 0
    for (const body of bodies) {
      const size = Buffer.alloc(4)
      writeUint32(size, 0, body.length)
      parts.push(size, Buffer.from(body, 'latin1'))
      bodyBytes += body.length
    }
    topic.publishMany(Buffer.concat(parts), 0, bodies.length, bodyBytes)
    return { bodies, position: topic.appendedPosition }
  }

  /** `''` once acknowledged, undefined while open, else why it failed. */
  outcome(topic: string, ticket: Ticket): string | undefined {
    return this.topic(topic).settle(ticket.position)
  }

  /** A new consumer of the channel; it gets what waits once the turn is run. */
  subscribe(topic: string, channelName: string): Reader {
    this.#readers += 1
    const reader = new Reader(this.#readers)
    const channel = this.channel(topic, channelName)
    channel.subscribe(reader)
    channel.ready(reader)
    return reader
  }

  finish(topic: string, channelName: string, reader: Reader, id: string): string {
    return this.channel(topic, channelName).finish(reader, Buffer.from(id, 'latin1'), 0)
  }

  /** Lets everything that is under way come to its end, without time going on. */
  run(): void {
    this.later.run()
  }

  /** Time goes on, and all that this brings is done. */
  advance(ms: number): void {
    this.clock.advance(ms)
    this.later.run()
  }

  /** Stops in order. */
  async close(): Promise<void> {
    const working = setInterval(() => this.later.run(), 1)
    try {
      await this.topics.close()
    } finally {
      clearInterval(working)
    }
  }
}

/** Bodies of what a fresh consumer of the channel gets when nobody answers, deferred messages included; sorted. */
export function drain(broker: Broker, topic: string, channel: string): Received[] {
  const reader = broker.subscribe(topic, channel)
  broker.run()
  // Far enough for what the tests defer, not for a delivery to time out.
  broker.advance(30_000)
  return reader.received
}

export function bodiesOf(received: readonly Received[]): string[] {
  return received.map(({ body }) => body).toSorted()
}

/** Empty files with the data path in place. */
export function freshFiles(): MemoryFiles {
  const files = new MemoryFiles()
  files.makeFolder(DATA_PATH)
  files.syncFolder('/')
  return files
}

export const TOPIC = 'orders'
export const CHANNEL = 'billing'
export const TOPIC_FOLDER = `${DATA_PATH}/topics/${TOPIC}`

/** Files of the topic that end so, oldest segment first. */
export function filesOf(files: MemoryFiles, suffix: string): string[] {
  return files
    .allFiles()
    .filter((file) => file.startsWith(`${TOPIC_FOLDER}/`) && file.endsWith(suffix))
}
