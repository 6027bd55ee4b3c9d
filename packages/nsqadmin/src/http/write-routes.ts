// What nsqadmin 1.3.0 changes in a cluster.

import {
  act,
  type ClusterInfo,
  create,
  httpAddressOf,
  remove,
  tombstone,
  type TopicAction,
} from '@tsq/clusterinfo'
import { HttpError, type HttpMethod, type HttpRequest, type Route } from '@tsq/daemon'

import type { Action, Actions, Doer, Work } from '../actions/actions.ts'
import type { ActionResult, Role } from '../api.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import { channelIn, jsonBody, optionalChannelIn, topicIn } from './params.ts'

const ACTIONS: readonly TopicAction[] = ['pause', 'unpause', 'empty']

/** What the routes that change something are made with. */
export interface WriteContext {
  readonly cluster: ClusterInfo
  readonly gatekeeper: Gatekeeper
  readonly actions: Actions
}

export function writeRoutes(context: WriteContext): Route[] {
  const { gatekeeper } = context
  const route = (
    method: HttpMethod,
    path: string,
    role: Role,
    change: (doer: Doer) => Promise<ActionResult>,
  ): Route => ({
    method,
    path: `/api/${path}`,
    guard: (request) => void gatekeeper.mayChange(request, role),
    handle: (request) => change({ request, identity: gatekeeper.identify(request) }),
  })
  return [
    route('POST', 'topics', 'operator', (doer) => createIn(context, doer)),
    route('POST', 'topics/:topic', 'operator', (doer) =>
      actOn(context, doer, actionIn(doer.request), target(doer.request)),
    ),
    route('POST', 'topics/:topic/:channel', 'operator', (doer) =>
      actOn(context, doer, actionIn(doer.request), target(doer.request)),
    ),
    route('DELETE', 'topics/:topic', 'admin', (doer) =>
      deleteOne(context, doer, target(doer.request)),
    ),
    route('DELETE', 'topics/:topic/:channel', 'admin', (doer) =>
      deleteOne(context, doer, target(doer.request)),
    ),
    route('DELETE', 'nodes/:node', 'admin', (doer) => tombstoneOne(context, doer)),
  ]
}

/** A topic, or one channel of it. */
export interface Target {
  readonly topic: string
  readonly channel: string | undefined
}

function target({ params }: HttpRequest): Target {
  return {
    topic: topicIn(params['topic']),
    channel: params['channel'] === undefined ? undefined : channelIn(params['channel']),
  }
}

function createIn({ cluster, actions }: WriteContext, doer: Doer): Promise<ActionResult> {
  const body = jsonBody(doer.request.body)
  const topic = topicIn(body['topic'])
  const channel = optionalChannelIn(body['channel'])
  const creating: Action = { name: 'create_topic', topic }
  const action: Action =
    channel === undefined
      ? creating
      : { name: 'create_channel', topic, channel, toldBefore: creating }
  return actions.run(doer, action, () => create(cluster, topic, channel))
}

function actionIn(request: HttpRequest): TopicAction {
  const { action: word } = jsonBody(request.body)
  const action = ACTIONS.find((known) => known === word)
  if (action === undefined) throw new HttpError(400, 'INVALID_ACTION')
  return action
}

/** Pauses, unpauses or empties. */
export function actOn(
  { cluster, actions }: WriteContext,
  doer: Doer,
  action: TopicAction,
  { topic, channel }: Target,
): Promise<ActionResult> {
  const name = `${action}_${channel === undefined ? 'topic' : 'channel'}`
  return actions.run(doer, { name, topic, channel, isToldAnyway: true }, () =>
    found(cluster, act(cluster, action, topic, channel)),
  )
}

export function deleteOne(
  { cluster, actions }: WriteContext,
  doer: Doer,
  { topic, channel }: Target,
): Promise<ActionResult> {
  const name = `delete_${channel === undefined ? 'topic' : 'channel'}`
  return actions.run(doer, { name, topic, channel }, () =>
    found(cluster, remove(cluster, topic, channel)),
  )
}

/** Without nsqlookupd a topic that no nsqd has is one that isn't. */
async function found(cluster: ClusterInfo, work: ReturnType<Work>): ReturnType<Work> {
  const answer = await work
  if (answer.value.length === 0 && !cluster.hasLookupds) throw new HttpError(404, 'TOPIC_NOT_FOUND')
  return answer
}

function tombstoneOne(context: WriteContext, doer: Doer): Promise<ActionResult> {
  const { cluster, actions } = context
  const { params, body } = doer.request
  const topic = topicIn(tombstoneBody(body)['topic'])
  const node = params['node'] ?? ''
  const action: Action = { name: 'tombstone_topic_producer', topic, node }
  return actions.run(doer, action, async () => {
    // Only a node of the cluster: nobody shall have nsqadmin knock at doors of their choosing.
    const { value, warnings } = await cluster.nodes()
    if (!value.some((one) => httpAddressOf(one) === node))
      throw new HttpError(404, 'NODE_NOT_FOUND')
    const done = await tombstone(cluster, node, topic)
    return { value: done.value, warnings: [...warnings, ...done.warnings] }
  })
}

function tombstoneBody(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return jsonBody(body)
  } catch {
    throw new HttpError(400, 'INVALID_BODY')
  }
}
