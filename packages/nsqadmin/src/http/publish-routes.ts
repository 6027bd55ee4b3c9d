import {
  type ClusterInfo,
  httpAddressOf,
  type NodeInfo,
  type NodeResult,
  SourceError,
} from '@tsq/clusterinfo'
import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import { topicIn, jsonBody } from './params.ts'
import type { WriteContext } from './write-routes.ts'

/** As much as a message may be when nsqd is not told otherwise. nsqd itself has the last word. */
const MAX_MESSAGE_BYTES = 1024 * 1024
/** In base64, with room for the rest. */
const MAX_REQUEST_BYTES = 2 * MAX_MESSAGE_BYTES
const MAX_DEFER_MS = 24 * 3_600_000

/** `POST /api/publish`: one message to one node. */
export function publishRoutes({ cluster, gatekeeper, actions }: WriteContext): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/publish',
      maxBodyBytes: MAX_REQUEST_BYTES,
      bodyTooBig: { status: 413, message: 'MESSAGE_TOO_BIG' },
      guard: (request) => void gatekeeper.mayChange(request, 'operator'),
      handle: (request) => {
        const { topic, node, body, deferMs } = publishIn(request)
        const doer = { request, identity: gatekeeper.identify(request) }
        const action = { name: 'publish', topic, node, isPrivate: true }
        return actions.run(doer, action, async () => {
          const target = await nodeFor(cluster, topic, node)
          return { value: [await publishTo(cluster, target, topic, body, deferMs)], warnings: [] }
        })
      },
    },
  ]
}

interface Publish {
  readonly topic: string
  readonly node: string | undefined
  readonly body: Buffer
  readonly deferMs: number
}

function publishIn(request: HttpRequest): Publish {
  const json = jsonBody(request.body)
  const { body, body_base64: base64, defer_ms: deferMs = 0, node } = json
  if (typeof deferMs !== 'number' || !(deferMs >= 0 && deferMs <= MAX_DEFER_MS)) {
    throw new HttpError(400, 'INVALID_DEFER_MS')
  }
  if (node !== undefined && typeof node !== 'string') throw new HttpError(400, 'INVALID_NODE')
  const bytes = bytesOf(body, base64)
  if (bytes.length === 0) throw new HttpError(400, 'MESSAGE_EMPTY')
  if (bytes.length > MAX_MESSAGE_BYTES) throw new HttpError(413, 'MESSAGE_TOO_BIG')
  const wanted = node === '' ? undefined : node
  return { topic: topicIn(json['topic']), node: wanted, body: bytes, deferMs: Math.round(deferMs) }
}

function bytesOf(body: unknown, base64: unknown): Buffer {
  if (typeof body === 'string' && base64 === undefined) return Buffer.from(body)
  if (typeof base64 === 'string' && body === undefined && /^[\w+/-]*={0,2}$/.test(base64)) {
    return Buffer.from(base64, 'base64')
  }
  throw new HttpError(400, 'INVALID_BODY')
}

/** The node that was asked for, if it is one of the cluster; else one that has the topic, else any. */
async function nodeFor(
  cluster: ClusterInfo,
  topic: string,
  wanted: string | undefined,
): Promise<string> {
  const all = (await cluster.nodes()).value.filter((node) => node.http_port > 0)
  if (wanted !== undefined) {
    if (all.some((node) => httpAddressOf(node) === wanted)) return wanted
    throw new HttpError(404, 'NODE_NOT_FOUND')
  }
  const having = all.filter((node) => hasTopic(node, topic))
  const [chosen] = having.length > 0 ? having : all
  if (chosen === undefined) throw new HttpError(404, 'NODE_NOT_FOUND')
  return httpAddressOf(chosen)
}

function hasTopic({ topics }: NodeInfo, name: string): boolean {
  return (topics ?? []).some(({ topic, tombstoned }) => topic === name && !tombstoned)
}

async function publishTo(
  cluster: ClusterInfo,
  node: string,
  topic: string,
  body: Buffer,
  deferMs: number,
): Promise<NodeResult> {
  try {
    const params = { topic, ...(deferMs > 0 ? { defer: String(deferMs) } : {}) }
    await cluster.api.post(node, '/pub', params, body)
    return { node, kind: 'nsqd', ok: true }
  } catch (error) {
    // One node was asked and it refused: that is no warning.
    if (error instanceof SourceError) throw new HttpError(502, `UPSTREAM_ERROR: ${error.message}`)
    throw error
  }
}
