import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import type { LogTopic } from '../log-topic.ts'
import type { Nsqd } from '../nsqd.ts'
import { PublishFailure } from '../topic.ts'
import { anyTopicParam, topicParam } from './params.ts'

export function topicRoutes({ topics }: Nsqd): Route[] {
  const known = (name: string): LogTopic => {
    const topic = topics.find(name)
    if (topic === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
    return topic
  }
  return [
    post('/topic/create', (request) => {
      const name = topicParam(request)
      try {
        topics.topic(name)
      } catch (error) {
        if (error instanceof PublishFailure) throw new HttpError(503, 'EXITING')
        throw error
      }
    }),
    post('/topic/delete', (request) => {
      if (!topics.delete(anyTopicParam(request))) throw new HttpError(404, 'TOPIC_NOT_FOUND')
    }),
    post('/topic/empty', (request) => known(topicParam(request)).empty()),
    post('/topic/pause', (request) => known(anyTopicParam(request)).setPaused(true)),
    post('/topic/unpause', (request) => known(anyTopicParam(request)).setPaused(false)),
  ]
}

function post(path: string, handle: (request: HttpRequest) => void): Route {
  return { method: 'POST', path, handle }
}
