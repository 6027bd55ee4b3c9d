import { HttpError, HttpReply, type Route } from '@tsq/daemon'

import type { Registry } from '../registry/registry.ts'
import { channelNames, debugJson, lookupJson, nodesJson, topicNames } from '../registry/views.ts'
import { NSQ_VERSION } from '../version.ts'
import { anyParam } from './params.ts'

/** More than this make a `/debug` of some 100 MB. */
const MAX_DEBUG_REGISTRATIONS = 250_000

/** Everything that only asks. */
export function queryRoutes(registry: Registry): Route[] {
  return [
    { method: 'GET', path: '/ping', plain: true, handle: () => 'OK' },
    { method: 'GET', path: '/info', handle: () => ({ version: NSQ_VERSION }) },
    {
      method: 'GET',
      path: '/lookup',
      handle: (request) => {
        const json = lookupJson(registry, anyParam(request, 'topic'))
        if (json === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
        return jsonReply(json)
      },
    },
    { method: 'GET', path: '/topics', handle: () => ({ topics: topicNames(registry) }) },
    {
      method: 'GET',
      path: '/channels',
      handle: (request) => {
        const topic = registry.topic(anyParam(request, 'topic'))
        return { channels: topic === undefined ? [] : channelNames(topic) }
      },
    },
    { method: 'GET', path: '/nodes', handle: () => jsonReply(nodesJson(registry)) },
    {
      method: 'GET',
      path: '/debug',
      handle: () => {
        if (registry.registrationCount > MAX_DEBUG_REGISTRATIONS) {
          throw new HttpError(503, 'TOO_MANY_REGISTRATIONS')
        }
        return jsonReply(debugJson(registry))
      },
    },
  ]
}

function jsonReply(json: string): HttpReply {
  return new HttpReply({ contentType: 'application/json; charset=utf-8', body: json })
}
