import { ProtocolError } from '@tsq/protocol'

import { EchoError } from '../echo-error.ts'
import { type Input, NEED_MORE, WAIT } from '../input.ts'
import type { Session } from '../session.ts'
import { messageBody, publishError } from './publishing.ts'

/** DPUB topic delay(ms) LF size(int32) body */
export function dpub(session: Session, input: Input): number {
  if (input.params < 2) {
    throw new ProtocolError('E_INVALID', 'DPUB insufficient number of parameters')
  }
  session.publishings.check(input, 1, 'DPUB')
  const delayMs = input.number(2)
  if (delayMs === -1) {
    throw new EchoError('E_INVALID', 'DPUB could not parse timeout ', input.token(2))
  }
  const { maxReqTimeoutMs, maxMsgSize } = session.options
  if (delayMs > maxReqTimeoutMs) {
    throw new ProtocolError(
      'E_INVALID',
      `DPUB timeout ${input.digits(2)} out of range 0-${Math.floor(maxReqTimeoutMs)}`,
    )
  }
  const start = messageBody(input, 'DPUB', maxMsgSize)
  if (start === NEED_MORE) return NEED_MORE
  const end = start + input.size(input.next)
  if (session.auth !== undefined && !session.auth.mayPublish('DPUB', input.text(1))) return WAIT
  try {
    session.publishings.topicFor(input, 1, 1).publish(input.bytes, start, end, delayMs)
  } catch (error) {
    throw publishError(error, 'DPUB')
  }
  session.replyWhenAcked('DPUB')
  return end
}
