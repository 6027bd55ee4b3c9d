import { OK_REPLY } from '../reply.ts'
import type { Session } from '../session.ts'
import { identifiedNode, readNames } from './names.ts'

/** UNREGISTER SP topic[ SP channel] LF: the node has deleted the channel, or the topic with all its channels. */
export function unregister(session: Session, params: readonly string[]): Buffer {
  const node = identifiedNode(session)
  const { topicName, channelName } = readNames('UNREGISTER', params)
  const { topic, channels } = session.registry.unregister(node, topicName, channelName)
  if (topic) session.logChange('UNREGISTER', topicName)
  else if (channels > 0) session.logChange('UNREGISTER', topicName, channelName)
  return OK_REPLY
}
