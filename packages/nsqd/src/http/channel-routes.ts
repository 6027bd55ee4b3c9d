import { HttpError, type HttpRequest, type Route } from '@tsq/daemon'

import type { LogChannel } from '../log-channel.ts'
import type { LogTopic } from '../log-topic.ts'
import type { Nsqd } from '../nsqd.ts'
import { topicChannelParams } from './params.ts'

export function channelRoutes({ topics }: Nsqd): Route[] {
  const topicOf = (name: string): LogTopic => {
    const topic = topics.find(name)
    if (topic === undefined) throw new HttpError(404, 'TOPIC_NOT_FOUND')
    return topic
  }
  const onChannel = (
    action: string,
    handle: (topic: LogTopic, channel: LogChannel) => void,
  ): Route => ({
    method: 'POST',
    path: `/channel/${action}`,
    handle: (request: HttpRequest) => {
      const { topicName, channelName } = topicChannelParams(request)
      const topic = topicOf(topicName)
      const channel = topic.channels.get(channelName)
      if (channel === undefined) throw new HttpError(404, 'CHANNEL_NOT_FOUND')
      handle(topic, channel)
    },
  })
  return [
    {
      method: 'POST',
      path: '/channel/create',
      handle: (request) => {
        const { topicName, channelName } = topicChannelParams(request)
        topicOf(topicName).channel(channelName)
      },
    },
    onChannel('delete', (topic, channel) => {
      topic.deleteChannel(channel.name)
    }),
    onChannel('empty', (topic, channel) => topic.emptyChannel(channel)),
    onChannel('pause', (topic, channel) => topic.setChannelPaused(channel, true)),
    onChannel('unpause', (topic, channel) => topic.setChannelPaused(channel, false)),
  ]
}
