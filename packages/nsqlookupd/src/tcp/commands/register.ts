import { ProtocolError } from '@tsq/protocol'

import { RegistryFullError } from '../../registry/registry.ts'
import { OK_REPLY } from '../reply.ts'
import type { Session } from '../session.ts'
import { identifiedNode, readNames } from './names.ts'

/** REGISTER SP topic[ SP channel] LF: the node carries this topic, and this channel of it. */
export function register(session: Session, params: readonly string[]): Buffer {
  const node = identifiedNode(session)
  const { topicName, channelName } = readNames('REGISTER', params)
  try {
    const { topic, channels } = session.registry.register(node, topicName, channelName)
    // One line a command: a nsqd that comes back sends thousands, and a channel's line says its topic.
    if (channels > 0) session.logChange('REGISTER', topicName, channelName)
    else if (topic) session.logChange('REGISTER', topicName)
  } catch (error) {
    if (!(error instanceof RegistryFullError)) throw error
    throw new ProtocolError('E_INVALID', `REGISTER ${error.message}`, { cause: error })
  }
  return OK_REPLY
}
