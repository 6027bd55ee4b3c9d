import { HttpError, type HttpRequest } from '@tsq/daemon'
import { type ChannelName, parseChannelName, parseTopicName, type TopicName } from '@tsq/protocol'

/** @throws {HttpError} 400 `MISSING_ARG_TOPIC` or `INVALID_TOPIC` */
export function topicParam(request: HttpRequest): TopicName {
  const text = request.query.get('topic')
  if (text === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  const name = parseTopicName(text)
  if (name === undefined) throw new HttpError(400, 'INVALID_TOPIC')
  return name
}

/** The topic's name as given, unchecked: an invalid one is just not found. */
export function anyTopicParam(request: HttpRequest): string {
  const text = request.query.get('topic')
  if (text === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  return text
}

/** @throws {HttpError} 400, with the texts of the channel endpoints */
export function topicChannelParams(request: HttpRequest): {
  topicName: TopicName
  channelName: ChannelName
} {
  const topicText = request.query.get('topic')
  if (topicText === undefined) throw new HttpError(400, 'MISSING_ARG_TOPIC')
  const topicName = parseTopicName(topicText)
  if (topicName === undefined) throw new HttpError(400, 'INVALID_ARG_TOPIC')
  const channelText = request.query.get('channel')
  if (channelText === undefined) throw new HttpError(400, 'MISSING_ARG_CHANNEL')
  const channelName = parseChannelName(channelText)
  if (channelName === undefined) throw new HttpError(400, 'INVALID_ARG_CHANNEL')
  return { topicName, channelName }
}

/** Go's notion of a flag in a query: unrecognised values are the default. */
export function booleanParam(text: string | undefined, byDefault: boolean): boolean {
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  return byDefault
}
