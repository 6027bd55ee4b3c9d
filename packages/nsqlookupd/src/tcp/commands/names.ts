import {
  type ChannelName,
  parseChannelName,
  parseTopicName,
  ProtocolError,
  type TopicName,
} from '@tsq/protocol'

import type { RegisteredNode } from '../../registry/registered-node.ts'
import type { Session } from '../session.ts'

/** @throws {ProtocolError} `E_INVALID` before IDENTIFY */
export function identifiedNode(session: Session): RegisteredNode {
  if (session.node === undefined) throw new ProtocolError('E_INVALID', 'client must IDENTIFY')
  return session.node
}

/**
 * The topic, and the channel where there is one, that follow REGISTER or UNREGISTER.
 *
 * @throws {ProtocolError} `E_INVALID`, `E_BAD_TOPIC` or `E_BAD_CHANNEL`
 */
export function readNames(
  command: string,
  [topicText, channelText = '']: readonly string[],
): { topicName: TopicName; channelName: ChannelName | undefined } {
  if (topicText === undefined) {
    throw new ProtocolError('E_INVALID', `${command} insufficient number of params`)
  }
  const topicName = parseTopicName(topicText)
  if (topicName === undefined) {
    throw new ProtocolError('E_BAD_TOPIC', `${command} topic name '${topicText}' is not valid`)
  }
  if (channelText === '') return { topicName, channelName: undefined }
  const channelName = parseChannelName(channelText)
  if (channelName === undefined) {
    throw new ProtocolError(
      'E_BAD_CHANNEL',
      `${command} channel name '${channelText}' is not valid`,
    )
  }
  return { topicName, channelName }
}
