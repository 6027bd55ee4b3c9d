// What is told from the last samples: costs the nodes nothing, however many look on.

import { goJson, HttpError, HttpReply, type HttpRequest, JSON_TYPE, type Route } from '@tsq/daemon'

import type { History as HistoryAnswer } from '../api.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { History } from '../history/history.ts'
import type { Field, HistorySeries } from '../history/series.ts'
import type { Sampler } from '../sampler/sampler.ts'
import { overview, topicSummaries } from '../sampler/views.ts'
import { channelIn, topicIn } from './params.ts'

/** Whoever asks right after the start waits for the first sample, but not for long. */
const FIRST_SAMPLE_MS = 6_000

export interface SummaryContext {
  readonly sampler: Sampler
  readonly history: History
  readonly gatekeeper: Gatekeeper
}

export function summaryRoutes({ sampler, history, gatekeeper }: SummaryContext): Route[] {
  const get = (path: string, answer: (request: HttpRequest) => object): Route => ({
    method: 'GET',
    path: `/api/${path}`,
    quiet: true,
    guard: (request) => void gatekeeper.mayRead(request),
    handle: async (request) => {
      await sampler.first(FIRST_SAMPLE_MS)
      return answer(request)
    },
  })
  return [
    get('overview', oncePerSample(sampler, overview)),
    get('summary/topics', oncePerSample(sampler, topicSummaries)),
    get('history', (request) => historyAnswer(history, sampler.sampledAt, request)),
  ]
}

/** The same answer for everybody who looks at the same sample. It is made, and compressed, once. */
function oncePerSample(sampler: Sampler, view: (sampler: Sampler) => object): () => HttpReply {
  let reply: HttpReply | undefined
  let madeOf = -1
  return () => {
    if (reply === undefined || madeOf !== sampler.sampledAt) {
      madeOf = sampler.sampledAt
      reply = new HttpReply({ contentType: JSON_TYPE, body: goJson(view(sampler)) })
    }
    return reply
  }
}

function historyAnswer(history: History, sampledAt: number, { query }: HttpRequest): HistoryAnswer {
  const range = query.get('range') ?? '1h'
  if (range !== '1h' && range !== '24h') throw new HttpError(400, 'INVALID_ARG_RANGE')
  const series = seriesFor(history, query.get('topic'), query.get('channel'), query.get('node'))
  const { resolution, quantiles } = (series ?? history.cluster).recorder(range)
  const { stepMs, points } = resolution
  const recorder = series?.recorder(range)
  const none = (): (number | null)[] => Array.from({ length: points }, () => null)
  const values = (field: Field): (number | null)[] =>
    recorder === undefined ? none() : recorder.series(field, sampledAt)
  return {
    start: (Math.floor(sampledAt / stepMs) - points + 1) * stepMs,
    step: stepMs,
    depth: values('depth'),
    in_flight: values('in_flight'),
    deferred: values('deferred'),
    publish: values('publish'),
    deliver: values('deliver'),
    finish: values('finish'),
    requeue: values('requeue'),
    timeout: values('timeout'),
    latency:
      recorder === undefined
        ? {}
        : Object.fromEntries(
            quantiles.map((quantile) => [quantile, recorder.latencySeries(quantile, sampledAt)]),
          ),
    message:
      recorder === undefined
        ? 'WARNING: no history of this is kept: it is new, unknown, or there was no room (--max-history-series)'
        : '',
  }
}

function seriesFor(
  history: History,
  topic: string | undefined,
  channel: string | undefined,
  node: string | undefined,
): HistorySeries | undefined {
  if (node !== undefined && node !== '') return history.find('node', node)
  if (topic === undefined || topic === '') return history.cluster
  const name = topicIn(topic)
  if (channel === undefined || channel === '') return history.find('topic', name)
  return history.find('channel', `${name}/${channelIn(channel)}`)
}
