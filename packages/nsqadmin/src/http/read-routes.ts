// What nsqadmin 1.3.0 answers about a cluster, asked of the cluster anew each time.

import {
  type Answer,
  type ClusterInfo,
  compareText,
  gather,
  httpAddressOf,
  type Json,
  listIn,
  mergeChannel,
  mergeTopic,
  type NodeInfo,
  numberIn,
  objectIn,
  textIn,
  type TopicStats,
  UpstreamError,
  warningMessage,
} from '@tsq/clusterinfo'
import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import { asHttpError } from '../actions/actions.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import { channelIn, topicIn } from './params.ts'

/** Topics whose nodes are looked up at the same time, each at every nsqlookupd. */
const LOOKUPS_AT_A_TIME = 16

export function readRoutes(cluster: ClusterInfo, gatekeeper: Gatekeeper): Route[] {
  const get = (path: string, answer: (request: HttpRequest) => Promise<object>): Route => ({
    method: 'GET',
    path: `/api/${path}`,
    guard: (request) => void gatekeeper.mayRead(request),
    handle: async (request) => {
      try {
        return await answer(request)
      } catch (error) {
        throw asHttpError(error)
      }
    },
  })
  return [
    get('topics', ({ query }) =>
      query.get('inactive') === 'true' ? inactiveTopics(cluster) : topics(cluster),
    ),
    get('topics/:topic', ({ params }) => topic(cluster, topicIn(params['topic']))),
    get('topics/:topic/:channel', ({ params }) =>
      channel(cluster, topicIn(params['topic']), channelIn(params['channel'])),
    ),
    get('nodes', () => nodes(cluster)),
    get('nodes/:node', ({ params }) => node(cluster, params['node'] ?? '')),
    get(
      'counter',
      shared(() => counter(cluster)),
    ),
  ]
}

async function topics(cluster: ClusterInfo): Promise<object> {
  const { value, warnings } = await cluster.topics()
  return { topics: value, message: warningMessage(warnings) }
}

/** Topics that no node has any more, with their channels. */
async function inactiveTopics(cluster: ClusterInfo): Promise<object> {
  const { value, warnings } = await cluster.topics()
  const inactive: [topic: string, channels: string[] | null][] = []
  if (cluster.hasLookupds) {
    const { answers } = await gather(
      value,
      (name) => channelsOfInactive(cluster, name),
      LOOKUPS_AT_A_TIME,
    )
    for (const { source, value: channels } of answers) {
      if (channels !== undefined) inactive.push([source, channels.length === 0 ? null : channels])
    }
  }
  // A topic may be called __proto__, which an assignment would lose.
  return { topics: Object.fromEntries(inactive), message: warningMessage(warnings) }
}

/** Undefined for a topic that a node has, and for one about which nobody answers. */
async function channelsOfInactive(
  cluster: ClusterInfo,
  topicName: string,
): Promise<string[] | undefined> {
  try {
    const found = await cluster.topicNodes(topicName)
    if (found.value.length > 0) return undefined
    return (await cluster.channels(topicName)).value
  } catch (error) {
    if (error instanceof UpstreamError) return undefined
    throw error
  }
}

async function topic(cluster: ClusterInfo, name: string): Promise<object> {
  const found = await nodesOf(cluster, name)
  const stats = await statsOf(cluster, found.value, { topic: name })
  const merged = mergeTopic(
    name,
    stats.value.filter((one) => one.topic_name === name),
  )
  return { ...merged, message: warningMessage([...found.warnings, ...stats.warnings]) }
}

async function channel(
  cluster: ClusterInfo,
  topicName: string,
  channelName: string,
): Promise<object> {
  const found = await nodesOf(cluster, topicName)
  const stats = await statsOf(cluster, found.value, {
    topic: topicName,
    channel: channelName,
    clients: true,
  })
  const channels = stats.value
    .flatMap((one) => one.channels ?? [])
    .filter((one) => one.topic_name === topicName && one.channel_name === channelName)
  if (channels.length === 0) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
  const message = warningMessage([...found.warnings, ...stats.warnings])
  return { ...mergeChannel(channels), message }
}

async function nodes(cluster: ClusterInfo): Promise<object> {
  const { value, warnings } = await cluster.nodes()
  return { nodes: value, message: warningMessage(warnings) }
}

async function node(cluster: ClusterInfo, address: string): Promise<object> {
  const { value, warnings } = await cluster.nodes()
  const info = value.find((one) => httpAddressOf(one) === address)
  if (info === undefined) throw new HttpError(404, 'NODE_NOT_FOUND')
  const stats = await cluster.stats([info], { clients: true })
  return {
    node: address,
    topics: stats.value,
    total_messages: stats.value.reduce((sum, one) => sum + one.message_count, 0),
    total_clients: stats.value
      .flatMap((one) => one.channels ?? [])
      .reduce((sum, one) => sum + (one.clients?.length ?? 0), 0),
    message: warningMessage([...warnings, ...stats.warnings]),
  }
}

interface Count {
  readonly key: string
  readonly node: string
  readonly topic_name: string
  readonly channel_name: string
  readonly message_count: number
}

async function counter(cluster: ClusterInfo): Promise<object> {
  const { value, warnings } = await cluster.nodes()
  const counts = await cluster.askForStats(value, {}, countsIn)
  const sorted = counts.value.flat().toSorted((a, b) => compareText(a.key, b.key))
  return {
    stats: Object.fromEntries(sorted.map(({ key, ...count }) => [key, count])),
    message: warningMessage([...warnings, ...counts.warnings]),
  }
}

/** Of every channel of a node, no more than the counter shows. */
function countsIn(json: Json, info: NodeInfo): Count[] {
  const address = httpAddressOf(info)
  return listIn(json, 'topics').flatMap((value) => {
    const topicJson = objectIn(value, 'a topic')
    const topicName = textIn(topicJson, 'topic_name')
    return listIn(topicJson, 'channels').map((one) => {
      const channelJson = objectIn(one, 'a channel')
      const channelName = textIn(channelJson, 'channel_name')
      return {
        key: `${topicName}:${channelName}:${address}`,
        node: address,
        topic_name: topicName,
        channel_name: channelName,
        message_count: numberIn(channelJson, 'message_count'),
      }
    })
  })
}

/** Whoever asks while an answer is being made gets that one. */
function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let making: Promise<T> | undefined
  return () => (making ??= make().finally(() => (making = undefined)))
}

/** The nodes of a topic. @throws {HttpError} 404 where no nsqd has it and nobody else could */
async function nodesOf(cluster: ClusterInfo, name: string): Promise<Answer<NodeInfo[]>> {
  const found = await cluster.topicNodes(name)
  if (found.value.length === 0 && !cluster.hasLookupds) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  return found
}

/** A topic without nodes is one that nobody carries just now: no failure. */
async function statsOf(
  cluster: ClusterInfo,
  found: readonly NodeInfo[],
  filter: Parameters<ClusterInfo['stats']>[1],
): Promise<Answer<TopicStats[]>> {
  return found.length === 0 ? { value: [], warnings: [] } : cluster.stats(found, filter)
}
