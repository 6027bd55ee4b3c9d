// A topic's messages as they come: who may see them, and from which nodes they can be had without loss.

import type { ConnectionOptions as TlsOptions } from 'node:tls'

import {
  type ClusterInfo,
  httpAddressOf,
  type NodeInfo,
  tcpAddressOf,
  type TopicStats,
} from '@tsq/clusterinfo'
import { HttpError, type HttpRequest, type HttpStream, type Logger, type Route } from '@tsq/daemon'

import { asHttpError } from '../actions/actions.ts'
import type { Audit } from '../actions/audit.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import { isCrossSite } from '../auth/same-site.ts'
import type { EventStreams } from './event-stream.ts'
import { integerParam, topicIn } from './params.ts'
import { Tail } from './tail.ts'

const MAX_FILTER_LENGTH = 256
const MAX_NODES = 100

export interface TailContext {
  readonly cluster: ClusterInfo
  readonly gatekeeper: Gatekeeper
  readonly audit: Audit
  /** Tails have places of their own: each costs a channel on every node. */
  readonly tails: EventStreams
  readonly logger: Logger
  /** For connections to nsqd that can speak TLS; false to ask for none. */
  readonly tls: TlsOptions | false
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
  const { cluster, gatekeeper, audit, tails, logger, tls } = context
  const topic = topicIn(request.query.get('topic'))
  const filter = request.query.get('filter') ?? ''
  if (filter.length > MAX_FILTER_LENGTH) throw new HttpError(400, 'INVALID_ARG_FILTER')
  const rate = integerParam(request, 'rate', { min: 1, max: 100, default: 20 })
  const nodes = (await cluster.topicNodes(topic)).value.filter((node) => node.tcp_port > 0)
  if (nodes.length === 0) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  if (nodes.length > MAX_NODES) throw new HttpError(409, 'TOO_MANY_NODES')
  const stats = await cluster.stats(nodes, { topic })
  const { safe, unchecked } = tailableNodes(topic, nodes, stats.value)
  const addresses = safe.map(tcpAddressOf)
  const { user } = gatekeeper.identify(request)
  const mayGoOn = (): boolean => gatekeeper.mayStillRead(request, 'operator')
  const stream = tails.stream((viewer) => {
    for (const node of unchecked) {
      const text = `${httpAddressOf(node)} did not say that it has a channel of ${topic}: it is left out`
      viewer.send('problem', { message: text })
    }
    const tail = new Tail(viewer, { topic, filter, rate, addresses, logger, tls, mayGoOn })
    return () => tail.close()
  })
  audit.add({
    time: Date.now(),
    user,
    remote: request.peer,
    action: 'tail',
    topic,
    ok: true,
    message: '',
  })
  return stream
}

/**
 * The first channel of a topic gets all that the topic kept, which would be lost with the tail. So a node is safe only
 * where it said that it has the topic with a channel; subscribing anywhere else could take messages, or make the topic.
 *
 * @throws {HttpError} 409 `TOPIC_HAS_NO_CHANNEL` where a node has none, or no node is safe
 */
export function tailableNodes(
  topic: string,
  nodes: readonly NodeInfo[],
  stats: readonly TopicStats[],
): { readonly safe: readonly NodeInfo[]; readonly unchecked: readonly NodeInfo[] } {
  const own = stats.filter((one) => one.topic_name === topic)
  const bare = own.find((one) => (one.channels ?? []).length === 0)
  const answered = new Set(own.map(({ node }) => node))
  const safe = nodes.filter((node) => answered.has(httpAddressOf(node)))
  if (bare !== undefined || safe.length === 0) {
    const where = bare?.node ?? 'any node that answers'
    throw new HttpError(409, `TOPIC_HAS_NO_CHANNEL on ${where}: a tail would take what waits there`)
  }
  return { safe, unchecked: nodes.filter((node) => !safe.includes(node)) }
}
