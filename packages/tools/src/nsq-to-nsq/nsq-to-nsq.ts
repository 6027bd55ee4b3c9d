// Consumers of topics whose messages are published to other nsqd. A message is finished once a destination has answered
// OK for it, or when the filter has no use for it.

import type { Consumer, Message, Producer } from '@tsq/client'

import { makeConsumer, makeProducer, startConsumer } from '../common/clients.ts'
import { libraryLogger, logLine } from '../common/go-log.ts'
import { LatencyReports } from '../delivery/latency-report.ts'
import { Outlets, type Outlet } from '../delivery/outlets.ts'
import { RoundRobin } from '../delivery/pool.ts'
import { poolOf } from '../delivery/pools.ts'
import { ToOne } from '../delivery/to-one.ts'
import { TrafficLine } from '../delivery/traffic-line.ts'
import { isFiltering, judge } from './json-filter.ts'
import type { NsqToNsqOptions } from './options.ts'

const PROGRAM = 'nsq_to_nsq'
/** How much of a message that can't be decoded is shown. */
const SHOWN_CHARACTERS = 1_000
/** The consumers limit what is pending, and a destination that is not there is passed over at once. */
const PRODUCER_DEFAULTS = {
  offlineQueue: false,
  maxPendingMessages: Number.MAX_SAFE_INTEGER,
  maxPendingBytes: Number.MAX_SAFE_INTEGER,
  closeTimeoutMs: 2_000,
}

interface Parcel {
  readonly topic: string
  readonly body: Uint8Array
}

export class NsqToNsq {
  readonly #values: NsqToNsqOptions
  readonly #producers: readonly Producer[]
  readonly #consumers: readonly Consumer[]
  readonly #delivery: ToOne<Parcel>
  readonly #line: TrafficLine
  readonly #stop = new AbortController()

  /** @throws {FatalError} */
  static async start(values: NsqToNsqOptions): Promise<NsqToNsq> {
    const tool = new NsqToNsq(values)
    for (const consumer of tool.#consumers) {
      const topic = values.destinationTopic === '' ? consumer.topic : values.destinationTopic
      await startConsumer(
        consumer,
        (message) => tool.#handle(message, topic),
        values.nsqdTcpAddresses,
      )
    }
    return tool
  }

  private constructor(values: NsqToNsqOptions) {
    const { topics, channel, destinations, mode, retries, statusEvery, maxInFlight } = values
    this.#values = values
    this.#producers = destinations.map((nsqd) =>
      makeProducer(PROGRAM, nsqd, values.producerOpt, PRODUCER_DEFAULTS),
    )
    this.#consumers = topics.map((topic) =>
      makeConsumer(
        { program: PROGRAM, topic, channel },
        values,
        // A message that nobody takes stays in its queue, however often it was tried.
        { maxAttempts: 0 },
        { autoTouch: true },
      ),
    )
    const reports = new LatencyReports(destinations, statusEvery, logLine)
    const logger = libraryLogger()
    const outlets = new Outlets(this.#producers.map(outletOf), maxInFlight * topics.length, {
      onSent: (index, tookMs) => reports.add(index, tookMs),
      onFailed: (index, error, tookMs) => {
        reports.add(index, tookMs)
        logger.warn(`(${destinations[index]}) ${error.message}`)
      },
    })
    const size = destinations.length
    const pool = poolOf(mode, { size }) ?? new RoundRobin({ size })
    this.#delivery = new ToOne({ outlets, pool, retries })
    this.#line = new TrafficLine('sent', () => this.#inHand())
  }

  /** Waits for the publishes that run and puts back what has not been begun. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#consumers.map((consumer) => consumer.close()))
    await Promise.all(this.#producers.map((producer) => producer.close()))
    this.#line.stop()
  }

  async #handle(message: Message, topic: string): Promise<void> {
    const body = this.#filtered(message)
    if (body === undefined) return
    try {
      await this.#delivery.deliver({ topic, body }, message.id, this.#stop.signal)
      this.#line.done()
    } catch (error) {
      this.#line.failed()
      throw error
    }
  }

  /** What is passed on of a message; undefined for nothing. @throws {Error} it belongs back to its nsqd. */
  #filtered({ body }: Message): Uint8Array | undefined {
    if (!isFiltering(this.#values)) return body
    const verdict = judge(body, this.#values)
    if (verdict.kind === 'forward') return verdict.body
    if (verdict.kind === 'missing') {
      throw new Error('ERROR: missing field to check required value')
    }
    if (verdict.kind === 'undecodable') logLine(`ERROR: Unable to decode json: ${shown(body)}`)
    return undefined
  }

  #inHand(): number {
    return this.#consumers.reduce((sum, { stats }) => sum + stats.messagesInFlight, 0)
  }
}

function outletOf(producer: Producer): Outlet<Parcel> {
  return {
    name: producer.address,
    send: ({ topic, body }) => producer.publish(topic, body),
  }
}

function shown(body: Buffer): string {
  const text = body.toString()
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
