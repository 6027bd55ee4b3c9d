import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import type { Doer } from '../actions/actions.ts'
import type { BulkRequest, BulkResult, Role } from '../api.ts'
import { channelIn, jsonBody, topicIn } from './params.ts'
import { actOn, deleteOne, type Target, type WriteContext } from './write-routes.ts'

const MAX_TARGETS = 1_000
const MAX_BODY_BYTES = 512 * 1024
/** Each is an action of its own, at every node it concerns. */
const TARGETS_AT_A_TIME = 8
const ACTIONS: readonly BulkRequest['action'][] = ['pause', 'unpause', 'empty', 'delete']

/** `POST /api/bulk`: one action for many topics or channels. What fails for one is told of that one. */
export function bulkRoutes(context: WriteContext): Route[] {
  const { gatekeeper } = context
  return [
    {
      method: 'POST',
      path: '/api/bulk',
      maxBodyBytes: MAX_BODY_BYTES,
      guard: (request) => void gatekeeper.mayChange(request, 'operator'),
      handle: async (request): Promise<BulkResult> => {
        const { action, targets } = bulkIn(request)
        const needed: Role = action === 'delete' ? 'admin' : 'operator'
        const identity = gatekeeper.mayChange(request, needed)
        const results = await runAll(context, { request, identity }, action, targets)
        const failed = results.filter(({ message }) => message !== '').length
        const message = failed === 0 ? '' : `WARNING: ${failed} of ${results.length} failed`
        return { message, targets: results }
      },
    },
  ]
}

function bulkIn(request: HttpRequest): {
  readonly action: BulkRequest['action']
  readonly targets: readonly Target[]
} {
  const body = jsonBody(request.body)
  const action = ACTIONS.find((known) => known === body['action'])
  if (action === undefined) throw new HttpError(400, 'INVALID_ACTION')
  const list: unknown = body['targets']
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_TARGETS) {
    throw new HttpError(400, 'INVALID_TARGETS')
  }
  const targets = list.map((value: unknown): Target => {
    if (typeof value !== 'object' || value === null) throw new HttpError(400, 'INVALID_TARGETS')
    const { topic, channel } = value as { readonly topic?: unknown; readonly channel?: unknown }
    return {
      topic: topicIn(topic),
      channel: channel === undefined ? undefined : channelIn(channel),
    }
  })
  return { action, targets }
}

async function runAll(
  context: WriteContext,
  doer: Doer,
  action: BulkRequest['action'],
  targets: readonly Target[],
): Promise<BulkResult['targets'][number][]> {
  const results: BulkResult['targets'][number][] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < targets.length) {
      const at = next++
      // oxlint-disable-next-line no-await-in-loop -- so many at a time is what the loop is for
      results[at] = await runOne(context, doer, action, targets[at]!)
    }
  }
  await Promise.all(Array.from({ length: TARGETS_AT_A_TIME }, work))
  return results
}

async function runOne(
  context: WriteContext,
  doer: Doer,
  action: BulkRequest['action'],
  target: Target,
): Promise<BulkResult['targets'][number]> {
  const { topic, channel } = target
  const where = channel === undefined ? { topic } : { topic, channel }
  try {
    const done =
      action === 'delete'
        ? await deleteOne(context, doer, target)
        : await actOn(context, doer, action, target)
    return { ...where, ...done }
  } catch (error) {
    return {
      ...where,
      message: error instanceof Error ? error.message : String(error),
      results: [],
    }
  }
}
