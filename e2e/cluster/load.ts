// What publishes to the cluster and consumes from it while things are broken.

import { setTimeout as pause } from 'node:timers/promises'

import { Consumer, type Message, Producer } from '@tsq/client'

import type { Delivery } from './tally.ts'

const BACK_OFF_MS = 100
const MAX_UNANSWERED = 100
const MS_PER_SECOND = 1_000

export interface PublishJob {
  /** The nsqd, `host:port`. */
  readonly nsqd: string
  readonly topic: string
  /** Bodies begin with it. */
  readonly name: string
  readonly perSecond: number
}

/** Publishes to one nsqd at a steady rate, as far as that takes it. What fails is not published again. */
export class PublishLoad {
  readonly #job: PublishJob
  readonly #producer: Producer
  readonly #onAck: (body: string) => void
  readonly #unanswered = new Set<Promise<void>>()
  readonly #running: Promise<void>
  #isStopping = false
  #count = 0

  constructor(job: PublishJob, onAck: (body: string) => void) {
    this.#job = job
    this.#onAck = onAck
    this.#producer = new Producer({ nsqd: job.nsqd, offlineQueue: false, reconnectMaxMs: 1_000 })
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const everyMs = MS_PER_SECOND / this.#job.perSecond
    while (!this.#isStopping) {
      const publishing = this.#publish().finally(() => this.#unanswered.delete(publishing))
      this.#unanswered.add(publishing)
      await pause(everyMs)
      if (this.#unanswered.size >= MAX_UNANSWERED) await Promise.race(this.#unanswered)
    }
    await Promise.all(this.#unanswered)
  }

  async #publish(): Promise<void> {
    const body = `${this.#job.name}:${this.#count++}`
    try {
      await this.#producer.publish(this.#job.topic, body)
      this.#onAck(body)
    } catch {
      // Its nsqd is away.
      await pause(BACK_OFF_MS)
    }
  }

  /** Ends once everything sent is answered or has failed. */
  async close(): Promise<void> {
    this.#isStopping = true
    await this.#running
    await this.#producer.close()
  }
}

export interface ConsumeJob {
  readonly lookupd: readonly string[]
  readonly topic: string
  readonly channel: string
  readonly maxInFlight: number
  readonly heartbeatMs: number
  readonly pollMs: number
}

/** Consumes, and keeps hold of messages while it is told to. */
export class ConsumeLoad {
  readonly #consumer: Consumer
  readonly #onDelivery: (delivery: Delivery) => void
  #held: Message[] | undefined

  constructor(job: ConsumeJob, onDelivery: (delivery: Delivery) => void) {
    this.#onDelivery = onDelivery
    this.#consumer = new Consumer({
      topic: job.topic,
      channel: job.channel,
      lookupd: job.lookupd,
      lookupdPollIntervalMs: job.pollMs,
      lookupdPollTimeoutMs: 1_000,
      heartbeatIntervalMs: job.heartbeatMs,
      readTimeoutMs: 2 * job.heartbeatMs,
      reconnectMaxMs: job.pollMs,
      maxInFlight: job.maxInFlight,
      maxAttempts: 0,
    })
    this.#consumer.run((message) => this.#handle(message))
  }

  #handle(message: Message): void {
    const { attempts } = message
    const isHeld = this.#held !== undefined
    this.#onDelivery({ body: message.text(), attempts, atMs: Date.now(), isHeld })
    if (this.#held === undefined) return
    message.disableAutoResponse()
    this.#held.push(message)
  }

  /** Connections to nsqd. */
  get connections(): number {
    return this.#consumer.stats.connections
  }

  /** From now on messages are kept in hand. */
  hold(): void {
    this.#held ??= []
  }

  /** Finishes what is in hand, and what comes. */
  letGo(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const message of held) message.finish()
  }

  async close(): Promise<void> {
    this.letGo()
    await this.#consumer.close()
  }
}
