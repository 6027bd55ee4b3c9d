import { HttpError, type HttpRequest } from '@tsq/daemon'
import { type ChannelName, parseChannelName, parseTopicName, type TopicName } from '@tsq/protocol'

/**
 * A parameter that must be there, though it may be empty. Topics given so are looked for as they stand: `*` is a name
 * that no topic has.
 *
 * @throws {HttpError} 400, such as `MISSING_ARG_TOPIC`
 */
export function anyParam(request: HttpRequest, name: 'topic' | 'channel' | 'node'): string {
  const text = request.query.get(name)
  if (text === undefined) throw new HttpError(400, `MISSING_ARG_${name.toUpperCase()}`)
  return text
}

/** @throws {HttpError} 400 `MISSING_ARG_TOPIC` or `INVALID_ARG_TOPIC` */
export function topicParam(request: HttpRequest): TopicName {
  const name = parseTopicName(anyParam(request, 'topic'))
  if (name === undefined) throw new HttpError(400, 'INVALID_ARG_TOPIC')
  return name
}

/** @throws {HttpError} 400 `MISSING_ARG_…` or `INVALID_ARG_…`, of the topic before those of the channel */
export function topicChannelParams(request: HttpRequest): {
  topicName: TopicName
  channelName: ChannelName
} {
  const topicName = topicParam(request)
  const channelName = parseChannelName(anyParam(request, 'channel'))
  if (channelName === undefined) throw new HttpError(400, 'INVALID_ARG_CHANNEL')
  return { topicName, channelName }
}
