import { parseChannelName, parseTopicName, ProtocolError, quoteBytes } from '@tsq/protocol'

import { ChannelFull } from '../../channel.ts'
import { PublishFailure } from '../../topic.ts'
import { type Input, WAIT } from '../input.ts'
import { OK_FRAME } from '../outbox.ts'
import type { Session } from '../session.ts'

/** SUB topic channel LF: from now on this connection is a consumer of the channel. */
export function sub(session: Session, input: Input): number {
  if (session.state !== 'init') throw new ProtocolError('E_INVALID', 'cannot SUB in current state')
  if (session.heartbeatIntervalMs === 0) {
    throw new ProtocolError('E_INVALID', 'cannot SUB with heartbeats disabled')
  }
  if (input.params < 2) {
    throw new ProtocolError('E_INVALID', 'SUB insufficient number of parameters')
  }
  const topicName = parseTopicName(input.text(1))
  if (topicName === undefined) {
    const quoted = quoteBytes(input.token(1))
    throw new ProtocolError('E_BAD_TOPIC', `SUB topic name ${quoted} is not valid`)
  }
  const channelName = parseChannelName(input.text(2))
  if (channelName === undefined) {
    const quoted = quoteBytes(input.token(2))
    throw new ProtocolError('E_BAD_CHANNEL', `SUB channel name ${quoted} is not valid`)
  }
  if (session.auth !== undefined && !session.auth.maySubscribe(topicName, channelName)) return WAIT
  try {
    session.subscribe(topicName, channelName)
  } catch (error) {
    if (error instanceof PublishFailure) {
      throw new ProtocolError('E_SUB_FAILED', `SUB failed ${error.message}`, { cause: error })
    }
    if (!(error instanceof ChannelFull)) throw error
    const where = `consumers for ${topicName}:${channelName}`
    throw new ProtocolError('E_SUB_FAILED', `SUB failed ${where} ${error.message}`)
  }
  session.reply(OK_FRAME)
  return input.next
}
