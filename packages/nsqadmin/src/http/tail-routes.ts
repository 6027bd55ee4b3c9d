// A topic's messages as they come, by a channel of the viewer's own that goes when they do.

import { randomBytes } from 'node:crypto'

import { Consumer, type Message } from '@tsq/client'
import { type ClusterInfo, tcpAddressOf } from '@tsq/clusterinfo'
import { HttpError, type HttpRequest, type HttpStream, type Logger, type Route } from '@tsq/daemon'

import { asHttpError } from '../actions/actions.ts'
import type { TailedMessage } from '../api.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import { isCrossSite } from '../auth/same-site.ts'
import type { EventStreams, Viewer } from './event-stream.ts'
import { integerParam, topicIn } from './params.ts'

/** Of each body. */
const BODY_BYTES = 16 * 1024
const MAX_FILTER_LENGTH = 256
const MAX_NODES = 100
const SECOND_MS = 1_000
/** A busier topic is read in bursts of so many a second; nsqd drops the rest, as of any ephemeral channel. */
const MAX_LOOKED_AT = 5_000
/** A tail that somebody forgot ends after so long. */
const MAX_TAIL_MS = 60 * 60_000

export interface TailContext {
  readonly cluster: ClusterInfo
  readonly gatekeeper: Gatekeeper
  /** Tails have places of their own: each costs a channel on every node. */
  readonly tails: EventStreams
  readonly logger: Logger
}

/** `GET /api/tail?topic=[&filter=][&rate=]`: server-sent events `message`, `skipped` and `problem`. */
export function tailRoutes(context: TailContext): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/tail',
      guard: (request) => {
        // It makes a channel, so it is more than a look.
        if (isCrossSite(request)) throw new HttpError(403, 'CROSS_SITE_REQUEST')
        const { role } = context.gatekeeper.mayRead(request, 'operator')
        if (role !== undefined && context.gatekeeper.isReadOnly) {
          throw new HttpError(403, 'READ_ONLY')
        }
      },
      handle: (request) =>
        open(context, request).catch((error: unknown) => {
          throw asHttpError(error)
        }),
    },
  ]
}

async function open(context: TailContext, request: HttpRequest): Promise<HttpStream> {
  const { cluster, tails, logger } = context
  const topic = topicIn(request.query.get('topic'))
  const filter = request.query.get('filter') ?? ''
  if (filter.length > MAX_FILTER_LENGTH) throw new HttpError(400, 'INVALID_ARG_FILTER')
  const rate = integerParam(request, 'rate', { min: 1, max: 100, default: 20 })
  const nodes = (await cluster.topicNodes(topic)).value.filter((node) => node.tcp_port > 0)
  if (nodes.length === 0) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  if (nodes.length > MAX_NODES) throw new HttpError(409, 'TOO_MANY_NODES')
  const stats = await cluster.stats(nodes, { topic })
  // The first channel of a topic gets all that the topic kept: it would be lost with the tail.
  const bare = stats.value.find((one) => (one.channels ?? []).length === 0)
  if (bare !== undefined) {
    throw new HttpError(
      409,
      `TOPIC_HAS_NO_CHANNEL on ${bare.node}: a tail would take what waits there`,
    )
  }
  const addresses = nodes.map(tcpAddressOf)
  return tails.stream((viewer) => {
    const tail = new Tail(viewer, { topic, filter, rate, addresses, logger })
    return () => tail.close()
  })
}

interface TailOptions {
  readonly topic: string
  readonly filter: string
  /** Messages a second that the viewer is shown. */
  readonly rate: number
  readonly addresses: readonly string[]
  readonly logger: Logger
}

/** One viewer's tail. */
class Tail {
  readonly #viewer: Viewer
  readonly #options: TailOptions
  readonly #consumer: Consumer
  readonly #tick: NodeJS.Timeout
  readonly #end: NodeJS.Timeout
  #lookedAt = 0
  #shown = 0
  #skipped = 0

  constructor(viewer: Viewer, options: TailOptions) {
    this.#viewer = viewer
    this.#options = options
    const { topic, addresses, rate } = options
    this.#consumer = new Consumer({
      topic,
      channel: `nsqadmin-tail-${randomBytes(6).toString('hex')}#ephemeral`,
      nsqd: addresses,
      maxInFlight: Math.max(rate, addresses.length),
      userAgent: 'nsqadmin',
      // Nothing is ever given up or backed off: what comes is finished at once.
      maxAttempts: 0,
      maxBackoffMs: 0,
      closeTimeoutMs: 1_000,
    })
    this.#consumer.on('error', (error) => this.#say(error))
    this.#consumer.run((message) => {
      this.#take(message)
    })
    this.#tick = setInterval(() => this.#nextSecond(), SECOND_MS)
    this.#end = setTimeout(() => viewer.end(), MAX_TAIL_MS)
    this.#end.unref()
  }

  close(): void {
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
    if (this.#shown >= rate) {
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
    if (!this.#viewer.send('message', told)) this.#skipped += 1
  }

  #nextSecond(): void {
    this.#shown = 0
    if (this.#lookedAt >= MAX_LOOKED_AT) this.#consumer.resume()
    this.#lookedAt = 0
    if (this.#skipped === 0) return
    this.#viewer.send('skipped', { count: this.#skipped })
    this.#skipped = 0
  }

  #say(error: unknown): void {
    const { logger, topic } = this.#options
    logger.warn(`tail of ${topic}`, { err: error })
    const problem = { message: error instanceof Error ? error.message : String(error) }
    this.#viewer.send('problem', problem)
  }
}
