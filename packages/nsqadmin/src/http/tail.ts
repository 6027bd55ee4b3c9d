// One viewer's tail: a channel of their own on every node, that goes when they do.

import { randomBytes } from 'node:crypto'
import type { ConnectionOptions as TlsOptions } from 'node:tls'

import { Consumer, type Message } from '@tsq/client'
import type { Logger } from '@tsq/daemon'

import type { TailedMessage } from '../api.ts'
import type { Viewer } from './event-stream.ts'

/** Of each body. */
const BODY_BYTES = 16 * 1024
const SECOND_MS = 1_000
/** A busier topic is read in bursts of so many a second; nsqd drops the rest, as of any ephemeral channel. */
const MAX_LOOKED_AT = 5_000
/** A tail that somebody forgot ends after so long. */
const MAX_TAIL_MS = 60 * 60_000
/** A problem that lasts is said again after so long. */
const SAY_AGAIN_MS = 60_000
const MAX_PROBLEMS_KEPT = 100

export interface TailOptions {
  readonly topic: string
  readonly filter: string
  /** Messages a second that the viewer is shown. */
  readonly rate: number
  readonly addresses: readonly string[]
  readonly logger: Logger
  /** Offered to every nsqd; one without TLS goes on in clear. */
  readonly tls: TlsOptions | false
  /** Asked each second: a login may have ended since. */
  readonly mayGoOn: () => boolean
}

export class Tail {
  readonly #viewer: Viewer
  readonly #options: TailOptions
  readonly #consumer: Consumer
  readonly #tick: NodeJS.Timeout
  readonly #end: NodeJS.Timeout
  /** When each was last said. */
  readonly #problems = new Map<string, number>()
  #isClosed = false
  #lookedAt = 0
  #shown = 0
  #skipped = 0

  constructor(viewer: Viewer, options: TailOptions) {
    this.#viewer = viewer
    this.#options = options
    const { topic, addresses, rate, tls } = options
    this.#consumer = new Consumer({
      topic,
      channel: `nsqadmin-tail-${randomBytes(6).toString('hex')}#ephemeral`,
      nsqd: addresses,
      maxInFlight: Math.max(rate, addresses.length),
      userAgent: 'nsqadmin',
      tls,
      requireTls: false,
      // Nothing is ever given up or backed off: what comes is finished at once.
      maxAttempts: 0,
      maxBackoffMs: 0,
      closeTimeoutMs: 1_000,
    })
    this.#consumer.on('error', (error) => this.#say(error))
    // What it has by the time it is back was not checked, so it is not subscribed to again.
    this.#consumer.on('disconnect', (address) => {
      if (this.#isClosed) return
      this.#consumer.removeNsqd(address)
      this.#say(new Error(`${address} closed the connection: it is left out from now on`))
    })
    this.#consumer.run((message) => {
      this.#take(message)
    })
    this.#tick = setInterval(() => this.#nextSecond(), SECOND_MS)
    this.#end = setTimeout(() => viewer.end(), MAX_TAIL_MS)
    this.#end.unref()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#tick)
    clearTimeout(this.#end)
    this.#consumer.close().catch((error: unknown) => this.#say(error))
  }

  #take(message: Message): void {
    this.#lookedAt += 1
    if (this.#lookedAt === MAX_LOOKED_AT) this.#consumer.pause()
    const { body } = message
    const { filter, rate } = this.#options
    if (filter !== '' && !body.includes(filter)) return
    if (this.#shown >= rate || this.#viewer.isBusy) {
      this.#skipped += 1
      return
    }
    this.#shown += 1
    const shown = body.subarray(0, BODY_BYTES)
    const told: TailedMessage = {
      node: message.address,
      id: message.id,
      timestamp_ns: String(message.timestampNs),
      attempts: message.attempts,
      body_base64: shown.toString('base64'),
      body_bytes: body.length,
      truncated: shown.length < body.length,
    }
    this.#viewer.send('message', told)
  }

  #nextSecond(): void {
    if (!this.#options.mayGoOn()) {
      this.#viewer.end()
      return
    }
    this.#shown = 0
    if (this.#lookedAt >= MAX_LOOKED_AT) this.#consumer.resume()
    this.#lookedAt = 0
    if (this.#skipped === 0) return
    this.#viewer.send('skipped', { count: this.#skipped })
    this.#skipped = 0
  }

  #say(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const now = performance.now()
    if (now - (this.#problems.get(message) ?? -Infinity) < SAY_AGAIN_MS) return
    if (this.#problems.size >= MAX_PROBLEMS_KEPT) this.#problems.clear()
    this.#problems.set(message, now)
    const { logger, topic } = this.#options
    logger.warn(`tail of ${topic}`, { err: error })
    this.#viewer.send('problem', { message })
  }
}
