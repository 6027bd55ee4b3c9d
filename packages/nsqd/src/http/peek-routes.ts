import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import type { LogChannel } from '../log-channel.ts'
import type { LogTopic } from '../log-topic.ts'
import type { Nsqd } from '../nsqd.ts'
import { PEEK_STATES, type PeekState } from '../peek/listing.ts'
import { peekChannel, type Peeked, peekTopic } from '../peek/peek.ts'
import { topicChannelParams, topicParam } from './params.ts'

const DEFAULT_MESSAGES = 10
const MAX_MESSAGES = 100
const DEFAULT_BODY_BYTES = 4 * 1024
const MAX_BODY_BYTES = 1024 * 1024
/** Looks that are under way; each may read from disk. */
const MAX_AT_A_TIME = 4

/** `GET /peek`: messages as they are, without taking them. */
export function peekRoutes(nsqd: Nsqd): Route[] {
  let underWay = 0
  return [
    {
      method: 'GET',
      path: '/peek',
      handle: async (request) => {
        if (underWay >= MAX_AT_A_TIME) throw new HttpError(503, 'TOO_MANY_PEEKS')
        underWay += 1
        try {
          return await look(nsqd, request)
        } finally {
          underWay -= 1
        }
      },
    },
  ]
}

async function look(nsqd: Nsqd, request: HttpRequest): Promise<Peeked> {
  const { topic, channel } = targetOf(nsqd, request)
  const state = stateParam(request)
  const limits = {
    limit: numberParam(request, 'limit', DEFAULT_MESSAGES, MAX_MESSAGES),
    maxBytes: numberParam(request, 'max_bytes', DEFAULT_BODY_BYTES, MAX_BODY_BYTES),
  }
  if (channel === undefined) {
    return state === 'waiting' ? peekTopic(topic.log, limits) : { messages: [], complete: true }
  }
  return peekChannel(channel.view(), state, limits, (owner) => holderName(nsqd, owner))
}

/** A channel; or a topic, but only one whose messages wait for its first channel. */
function targetOf(
  nsqd: Nsqd,
  request: HttpRequest,
): { readonly topic: LogTopic; readonly channel: LogChannel | undefined } {
  if (!request.query.has('channel') || request.query.get('channel') === '') {
    const topic = nsqd.topics.find(topicParam(request))
    if (topic === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
    if (topic.channels.size > 0) throw new HttpError(400, 'MISSING_ARG_CHANNEL')
    return { topic, channel: undefined }
  }
  const { topicName, channelName } = topicChannelParams(request)
  const topic = nsqd.topics.find(topicName)
  if (topic === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  const channel = topic.channels.get(channelName)
  if (channel === undefined) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
  return { topic, channel }
}

function stateParam({ query }: HttpRequest): PeekState {
  const text = query.get('state') || 'waiting'
  const state = PEEK_STATES.find((known) => known === text)
  if (state === undefined) throw new HttpError(400, 'INVALID_ARG_STATE')
  return state
}

function numberParam(
  { query }: HttpRequest,
  name: string,
  byDefault: number,
  most: number,
): number {
  const text = query.get(name) || String(byDefault)
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > most) throw new HttpError(400, `INVALID_ARG_${name.toUpperCase()}`)
  return value
}

function holderName(nsqd: Nsqd, owner: number): string | undefined {
  if (owner === 0) return undefined
  for (const session of nsqd.statsSource().sessions) {
    if (session.id === owner) return `${session.identity.clientId} (${session.remoteAddress})`
  }
  return undefined
}
