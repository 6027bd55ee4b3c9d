// What the page asks, by name. Those that are `live` are asked again at each refresh.

import { queryOptions } from '@tanstack/react-query'

import type {
  AuditLog,
  History,
  MessageState,
  Overview,
  PeekResult,
  Session,
  TopicSummaries,
} from '../../../src/api.ts'
import { channelPath, nodePath, topicPath } from '../lib/routes.ts'
import { get, setCsrfToken } from './client.ts'
import type {
  ChannelAnswer,
  InactiveAnswer,
  NodeAnswer,
  NodesAnswer,
  TopicAnswer,
} from './answers.ts'

const live = { meta: { live: true } }

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async () => {
    const session = await get<Session>('/session')
    setCsrfToken(session.csrf_token)
    return session
  },
  staleTime: Infinity,
})

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: () => get<Overview>('/overview'),
  ...live,
})

export const topicsQuery = queryOptions({
  queryKey: ['topics'],
  queryFn: () => get<TopicSummaries>('/summary/topics'),
  ...live,
})

export function topicQuery(topic: string) {
  return queryOptions({
    queryKey: ['topic', topic],
    queryFn: () => get<TopicAnswer>(topicPath(topic)),
    ...live,
  })
}

export function channelQuery(topic: string, channel: string) {
  return queryOptions({
    queryKey: ['channel', topic, channel],
    queryFn: () => get<ChannelAnswer>(channelPath(topic, channel)),
    ...live,
  })
}

export const nodesQuery = queryOptions({
  queryKey: ['nodes'],
  queryFn: () => get<NodesAnswer>('/nodes'),
  ...live,
})

export function nodeQuery(node: string) {
  return queryOptions({
    queryKey: ['node', node],
    queryFn: () => get<NodeAnswer>(nodePath(node)),
    ...live,
  })
}

export const inactiveQuery = queryOptions({
  queryKey: ['inactive'],
  queryFn: () => get<InactiveAnswer>('/topics', { inactive: 'true' }),
  ...live,
})

export const auditQuery = queryOptions({
  queryKey: ['audit'],
  queryFn: () => get<AuditLog>('/audit'),
  ...live,
})

export type HistoryRange = '1h' | '24h'

/** Of the cluster when nothing is named. */
export interface HistoryOf {
  readonly topic?: string
  readonly channel?: string
  readonly node?: string
}

export function historyQuery(of: HistoryOf, range: HistoryRange) {
  return queryOptions({
    queryKey: ['history', of, range],
    queryFn: () => get<History>('/history', { range, ...of }),
    ...live,
  })
}

export interface PeekOf {
  readonly topic: string
  readonly channel?: string | undefined
  readonly node?: string | undefined
  readonly state: MessageState
  readonly limit: number
}

export function peekQuery({ limit, ...of }: PeekOf) {
  return queryOptions({
    queryKey: ['peek', of, limit],
    queryFn: () => get<PeekResult>('/peek', { ...of, limit: String(limit) }),
    gcTime: 60_000,
  })
}
