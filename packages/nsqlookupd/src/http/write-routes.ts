import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import { type Registry, RegistryFullError } from '../registry/registry.ts'
import { anyParam, topicChannelParams, topicParam } from './params.ts'

/** Everything that changes the registry. No nsqd is told. */
export function writeRoutes(registry: Registry, note: (text: string) => void): Route[] {
  return [
    post('/topic/create', (request) => {
      const topicName = topicParam(request)
      note(`DB: adding topic(${topicName})`)
      ifRoom(() => registry.createTopic(topicName))
    }),
    post('/topic/delete', (request) => {
      const topicName = anyParam(request, 'topic')
      if (registry.deleteTopic(topicName)) note(`DB: removing topic(${topicName})`)
    }),
    post('/topic/tombstone', (request) => {
      const topicName = anyParam(request, 'topic')
      const node = anyParam(request, 'node')
      note(`DB: setting tombstone for producer@${node} of topic(${topicName})`)
      registry.tombstone(topicName, node)
    }),
    post('/channel/create', (request) => {
      const { topicName, channelName } = topicChannelParams(request)
      note(`DB: adding channel(${channelName}) in topic(${topicName})`)
      ifRoom(() => registry.createChannel(topicName, channelName))
    }),
    post('/channel/delete', (request) => {
      const { topicName, channelName } = topicChannelParams(request)
      if (!registry.deleteChannel(topicName, channelName)) {
        throw new HttpError(404, 'CHANNEL_NOT_FOUND')
      }
      note(`DB: removing channel(${channelName}) from topic(${topicName})`)
    }),
  ]
}

function ifRoom(create: () => void): void {
  try {
    create()
  } catch (error) {
    if (error instanceof RegistryFullError) throw new HttpError(503, 'TOO_MANY_REGISTRATIONS')
    throw error
  }
}

function post(path: string, handle: (request: HttpRequest) => void): Route {
  return { method: 'POST', path, handle }
}
