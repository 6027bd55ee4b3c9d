import { ProtocolError } from '@tsq/protocol'

import { EchoError } from '../echo-error.ts'
import type { Input } from '../input.ts'
import type { Session } from '../session.ts'

/** RDY [count] LF: how many messages the client will have in flight at most. */
export function rdy(session: Session, input: Input): number {
  if (session.state === 'closing') return input.next
  if (session.state !== 'subscribed') {
    throw new ProtocolError('E_INVALID', 'cannot RDY in current state')
  }
  const count = input.params === 0 ? 1 : input.number(1)
  if (count === -1) {
    throw new EchoError('E_INVALID', 'RDY could not parse count ', input.token(1))
  }
  const { maxRdyCount } = session.options
  if (count > maxRdyCount) {
    throw new ProtocolError(
      'E_INVALID',
      `RDY count ${input.digits(1)} out of range 0-${maxRdyCount}`,
    )
  }
  session.setReady(count)
  return input.next
}
