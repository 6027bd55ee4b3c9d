// Hot: once for every message published singly.

import { ProtocolError } from '@tsq/protocol'

import { type Input, NEED_MORE, WAIT } from '../input.ts'
import type { Session } from '../session.ts'
import { messageBody, publishError } from './publishing.ts'

/** PUB topic LF size(int32) body */
export function pub(session: Session, input: Input): number {
  if (input.params < 1) {
    throw new ProtocolError('E_INVALID', 'PUB insufficient number of parameters')
  }
  session.publishings.check(input, 1, 'PUB')
  const start = messageBody(input, 'PUB', session.options.maxMsgSize)
  if (start === NEED_MORE) return NEED_MORE
  const end = start + input.size(input.next)
  if (session.auth !== undefined && !session.auth.mayPublish('PUB', input.text(1))) return WAIT
  try {
    session.publishings.topicFor(input, 1, 1).publish(input.bytes, start, end, 0)
  } catch (error) {
    throw publishError(error, 'PUB')
  }
  session.replyWhenAcked('PUB')
  return end
}
