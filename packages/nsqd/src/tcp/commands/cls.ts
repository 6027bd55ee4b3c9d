import { encodeResponse, ProtocolError, RESPONSE_CLOSE_WAIT } from '@tsq/protocol'

import type { Input } from '../input.ts'
import type { Session } from '../session.ts'

const CLOSE_WAIT = encodeResponse(RESPONSE_CLOSE_WAIT)

/** CLS LF: no more messages; answers to those in flight are still taken. The client closes the socket. */
export function cls(session: Session, input: Input): number {
  if (session.state !== 'subscribed') {
    throw new ProtocolError('E_INVALID', 'cannot CLS in current state')
  }
  session.beginClosing()
  session.reply(CLOSE_WAIT)
  return input.next
}
