import {
  type ClusterInfo,
  gather,
  httpAddressOf,
  type Json,
  listIn,
  numberIn,
  objectIn,
  ShapeError,
  type SourceError,
  textIn,
  warningMessage,
} from '@tsq/clusterinfo'
import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import { asHttpError } from '../actions/actions.ts'
import type { MessageState, PeekedMessage, PeekResult } from '../api.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import { integerParam, optionalChannelIn, topicIn } from './params.ts'

const STATES: readonly MessageState[] = ['waiting', 'in_flight', 'deferred']
const NODES_AT_A_TIME = 8
const BODY_BYTES = 64 * 1024

/** `GET /api/peek`: messages of a channel on every node, without taking them. */
export function peekRoutes(cluster: ClusterInfo, gatekeeper: Gatekeeper): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/peek',
      // Bodies are nobody's business who only watches.
      guard: (request) => void gatekeeper.mayRead(request, 'operator'),
      handle: (request) =>
        peek(cluster, request).catch((error: unknown) => {
          throw asHttpError(error)
        }),
    },
  ]
}

async function peek(cluster: ClusterInfo, request: HttpRequest): Promise<PeekResult> {
  const { query } = request
  const topic = topicIn(query.get('topic'))
  const channel = optionalChannelIn(query.get('channel'))
  const state = stateParam(request)
  const limit = integerParam(request, 'limit', { min: 1, max: 100, default: 10 })
  const maxBytes = integerParam(request, 'max_bytes', { min: 1, max: BODY_BYTES, default: 4_096 })
  const found = await cluster.topicNodes(topic)
  const wanted = query.get('node') ?? ''
  const addresses = found.value.map(httpAddressOf).filter((one) => wanted === '' || one === wanted)
  if (addresses.length === 0) {
    throw new HttpError(404, wanted === '' ? 'TOPIC_NOT_FOUND' : 'NODE_NOT_FOUND')
  }
  const params = {
    topic,
    ...(channel === undefined ? {} : { channel }),
    state,
    limit: String(limit),
    max_bytes: String(maxBytes),
  }
  const gathered = await gather(
    addresses,
    (node) =>
      cluster.api.get(node, '/peek', params, (json) => ({
        messages: messagesIn(json, node, state),
        // A nsqd that does not say so looked to the end.
        isCutShort: json['complete'] === false,
      })),
    NODES_AT_A_TIME,
  )
  const unsupported = gathered.errors.filter(isUnsupported).map(({ address }) => address)
  const absent = gathered.errors.filter(isAbsent)
  const errors = gathered.errors.filter((error) => !isUnsupported(error) && !isAbsent(error))
  if (absent.length === addresses.length) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
  const needed = gathered.errors.find((error) => error.message.includes('MISSING_ARG_CHANNEL'))
  if (needed !== undefined) throw new HttpError(400, 'INVALID_CHANNEL')
  const messages = gathered.answers.flatMap(({ value }) => value.messages)
  const cutShort = gathered.answers
    .filter(({ value }) => value.isCutShort)
    .map(({ source }) => `the look at ${source} ended early: there may be more`)
  const order = compareBy(state)
  return {
    messages: messages.toSorted(order).slice(0, limit),
    unsupported,
    message: warningMessage([
      ...found.warnings,
      ...errors.map(({ message }) => message),
      ...cutShort,
    ]),
  }
}

/** A nsqd without a peek has no such path: NSQ's words for that are others than for a channel it doesn't have. */
function isUnsupported({ status, message }: SourceError): boolean {
  return (
    status === 404 && message.includes('NOT_FOUND') && !/(TOPIC|CHANNEL)_NOT_FOUND/.test(message)
  )
}

function isAbsent({ status, message }: SourceError): boolean {
  return status === 404 && /(TOPIC|CHANNEL)_NOT_FOUND/.test(message)
}

function stateParam({ query }: HttpRequest): MessageState {
  const text = query.get('state') || 'waiting'
  const state = STATES.find((known) => known === text)
  if (state === undefined) throw new HttpError(400, 'INVALID_ARG_STATE')
  return state
}

function messagesIn(json: Json, node: string, state: MessageState): PeekedMessage[] {
  return listIn(json, 'messages').map((value) => {
    const message = objectIn(value, 'a message')
    const body = message['body_base64']
    if (typeof body !== 'string') throw new ShapeError('body_base64 is not text')
    const due = numberIn(message, 'due')
    const client = textIn(message, 'client')
    return {
      node,
      id: textIn(message, 'id'),
      timestamp_ns: textIn(message, 'timestamp_ns'),
      attempts: numberIn(message, 'attempts'),
      state,
      ...(due === 0 ? {} : { due }),
      ...(client === '' ? {} : { client }),
      body_base64: body,
      body_bytes: numberIn(message, 'body_bytes'),
      truncated: message['truncated'] === true,
    }
  })
}

/** Oldest first; what is deferred by when it comes due. */
function compareBy(state: MessageState): (a: PeekedMessage, b: PeekedMessage) => number {
  if (state === 'deferred') return (a, b) => (a.due ?? 0) - (b.due ?? 0)
  return (a, b) => Number(a.timestamp_ns) - Number(b.timestamp_ns)
}
