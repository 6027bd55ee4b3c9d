// What the page can have done. Each answers what happened on each node.

import type { ActionResult, BulkRequest, BulkResult, PublishRequest } from '../../../src/api.ts'
import { channelPath, nodePath, topicPath } from '../lib/routes.ts'
import { post, remove } from './client.ts'

export type QueueAction = 'pause' | 'unpause' | 'empty' | 'delete'

/** A topic, or one channel of it. */
export interface Queue {
  readonly topic: string
  readonly channel?: string
}

function queuePath({ topic, channel }: Queue): string {
  return channel === undefined ? topicPath(topic) : channelPath(topic, channel)
}

export function act(action: QueueAction, queue: Queue): Promise<ActionResult> {
  return action === 'delete' ? remove(queuePath(queue)) : post(queuePath(queue), { action })
}

export function createQueue({ topic, channel = '' }: Queue): Promise<ActionResult> {
  return post('/topics', { topic, channel })
}

export function tombstone(topic: string, node: string): Promise<ActionResult> {
  return remove(nodePath(node), { topic })
}

export function actOnMany(request: BulkRequest): Promise<BulkResult> {
  return post('/bulk', request)
}

export function publish(request: PublishRequest): Promise<ActionResult> {
  return post('/publish', request)
}

export function logIn(user: string, password: string): Promise<unknown> {
  return post('/login', { user, password })
}

export function logOut(): Promise<unknown> {
  return post('/logout', {})
}
