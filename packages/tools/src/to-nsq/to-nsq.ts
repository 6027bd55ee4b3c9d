import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Producer } from '@tsq/client'

import { makeProducer } from '../common/clients.ts'
import { FatalError } from '../common/fatal-error.ts'
import { logLine } from '../common/go-log.ts'
import type { ToNsqOptions } from './options.ts'
import { PublishProgress } from './progress.ts'
import { RecordPublisher } from './publisher.ts'
import { RecordSplitter } from './records.ts'
import { Throttle } from './throttle.ts'

/** The publisher limits what is pending, and has waited for it before a producer is closed. */
const PRODUCER_DEFAULTS = {
  offlineQueue: false,
  maxPendingMessages: Number.MAX_SAFE_INTEGER,
  maxPendingBytes: Number.MAX_SAFE_INTEGER,
  closeTimeoutMs: 1_000,
}
/** With what closing the producers takes, shorter than the limit on the whole stop. */
const CLOSE_TIMEOUT_MS = 25_000

/** Publishes what it reads, record by record, until the input ends or it is closed. */
export class ToNsq {
  readonly #input: Readable
  readonly #producers: readonly Producer[]
  readonly #publisher: RecordPublisher
  readonly #splitter: RecordSplitter
  readonly #throttle: Throttle | undefined
  readonly #progress: PublishProgress | undefined
  readonly #closeTimeoutMs: number
  readonly #closing = new AbortController()
  #recordsRead = 0
  #recordsPublished = 0
  #running: Promise<void> | undefined
  #closed: Promise<void> | undefined

  /** @throws {FatalError} for options no producer can be made from. */
  constructor(
    options: ToNsqOptions,
    input: Readable & { readonly isTTY?: boolean },
    closeTimeoutMs = CLOSE_TIMEOUT_MS,
  ) {
    const { topic, rate } = options
    this.#input = input
    this.#closeTimeoutMs = closeTimeoutMs
    this.#producers = [...new Set(options.nsqdTcpAddresses)].map((nsqd) => {
      const producer = makeProducer('to_nsq', nsqd, options.producerOpt, PRODUCER_DEFAULTS)
      // What goes wrong reaches a publish; a heartbeat that does not come is no publish's.
      producer.on('error', () => undefined)
      return producer
    })
    // Where somebody types, a line that redraws itself would be in the way.
    if (input.isTTY !== true) this.#progress = new PublishProgress()
    this.#publisher = new RecordPublisher(topic, this.#producers, (records, bytes) => {
      this.#recordsPublished += records
      this.#progress?.add(records, bytes)
    })
    this.#splitter = new RecordSplitter(options.delimiter.charCodeAt(0))
    if (rate > 0) {
      logLine(`Throttling messages rate to max:${rate}/second`)
      this.#throttle = new Throttle(rate)
    }
  }

  /** Resolves when the input has ended, or it was closed, and everything is published. @throws {FatalError} */
  run(): Promise<void> {
    return (this.#running ??= this.#run())
  }

  /**
   * Reads no more, and waits until what has been read is published. Records that `--rate` holds back are not published
   * any more: they are counted in the log.
   *
   * @throws {FatalError} when it can't be published, or not in time.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }

  async #run(): Promise<void> {
    try {
      await this.#readAll()
      await this.#publisher.flush()
    } finally {
      this.#progress?.clear()
      if (this.#closing.signal.aborted) this.#tellUnpublished()
    }
  }

  async #readAll(): Promise<void> {
    const { signal } = this.#closing
    try {
      for await (const chunk of this.#input) {
        if (signal.aborted) return
        if (Buffer.isBuffer(chunk)) await this.#publish(this.#splitter.push(chunk))
      }
      if (!signal.aborted) await this.#publish(this.#splitter.end())
    } catch (error) {
      // An input that was destroyed and a wait that was broken off are how reading stops.
      if (!signal.aborted || error instanceof FatalError) throw error
    }
  }

  async #publish(records: readonly Buffer[]): Promise<void> {
    this.#recordsRead += records.length
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

  /** One whose publish was sent and not answered may be there all the same. */
  #tellUnpublished(): void {
    const records = this.#recordsRead - this.#recordsPublished
    if (records > 0) logLine(`${records} records read and not known to be published`)
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort()
    this.#input.destroy()
    try {
      await this.#runToEnd()
    } finally {
      await Promise.all(this.#producers.map((producer) => producer.close()))
      this.#progress?.end()
    }
  }

  async #runToEnd(): Promise<void> {
    const waiting = new AbortController()
    const late = sleep(this.#closeTimeoutMs, true, { signal: waiting.signal }).catch(() => false)
    try {
      const isLate = await Promise.race([this.#running?.then(() => false), late])
      if (isLate !== true) return
    } finally {
      waiting.abort()
    }
    this.#tellUnpublished()
    throw new FatalError(`nsqd did not answer within ${this.#closeTimeoutMs / 1_000} s`)
  }
}
