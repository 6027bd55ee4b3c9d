import type { Readable } from 'node:stream'

import type { Producer } from '@tsq/client'

import { makeProducer } from '../common/clients.ts'
import { logLine } from '../common/go-log.ts'
import type { ToNsqOptions } from './options.ts'
import { PublishProgress } from './progress.ts'
import { RecordPublisher } from './publisher.ts'
import { RecordSplitter } from './records.ts'
import { Throttle } from './throttle.ts'

/** Publishes what it reads, record by record, until the input ends or it is closed. */
export class ToNsq {
  readonly #input: Readable
  readonly #producers: readonly Producer[]
  readonly #publisher: RecordPublisher
  readonly #splitter: RecordSplitter
  readonly #throttle: Throttle | undefined
  readonly #progress: PublishProgress | undefined
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  /** @throws {FatalError} for options no producer can be made from. */
  constructor(options: ToNsqOptions, input: Readable & { readonly isTTY?: boolean }) {
    const { topic, rate } = options
    this.#input = input
    this.#producers = [...new Set(options.nsqdTcpAddresses)].map((nsqd) => {
      const producer = makeProducer('to_nsq', nsqd, options.producerOpt, { offlineQueue: false })
      // What goes wrong reaches a publish; a heartbeat that does not come is no publish's.
      producer.on('error', () => undefined)
      return producer
    })
    // Where somebody types, a line that redraws itself would be in the way.
    if (input.isTTY !== true) this.#progress = new PublishProgress()
    this.#publisher = new RecordPublisher(topic, this.#producers, (records, bytes) =>
      this.#progress?.add(records, bytes),
    )
    this.#splitter = new RecordSplitter(options.delimiter.charCodeAt(0))
    if (rate > 0) {
      logLine(`Throttling messages rate to max:${rate}/second`)
      this.#throttle = new Throttle(rate)
    }
  }

  /** Resolves when the input has ended and everything is published. @throws {FatalError} */
  async run(): Promise<void> {
    try {
      await this.#readAll()
      await this.#publisher.flush()
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error
    } finally {
      this.#progress?.clear()
    }
  }

  /** Reads no more, and publishes what has been read. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }

  async #readAll(): Promise<void> {
    for await (const chunk of this.#input) {
      if (this.#closing.signal.aborted) return
      if (Buffer.isBuffer(chunk)) await this.#publish(this.#splitter.push(chunk))
    }
    if (!this.#closing.signal.aborted) await this.#publish(this.#splitter.end())
  }

  async #publish(records: readonly Buffer[]): Promise<void> {
    const throttle = this.#throttle
    if (throttle === undefined) {
      await this.#publisher.publish(records)
      return
    }
    for (let at = 0; at < records.length;) {
      const count = throttle.take(records.length - at)
      if (count === 0) await throttle.wait(this.#closing.signal)
      else await this.#publisher.publish(records.slice(at, at + count))
      at += count
    }
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort()
    this.#input.destroy()
    await Promise.all(this.#producers.map((producer) => producer.close()))
    this.#progress?.end()
  }
}
