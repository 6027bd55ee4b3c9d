import { type ErrorCode, MESSAGE_ID_BYTES, ProtocolError } from '@tsq/protocol'

import type { AnswerOutcome } from '../../channel.ts'
import type { Input } from '../input.ts'
import type { Session } from '../session.ts'

const REASONS: Readonly<Record<Exclude<AnswerOutcome, 'done'>, string>> = {
  'not in flight': 'ID not in flight',
  'not owned': 'client does not own message',
}

/** What FIN, REQ and TOUCH check alike, before the id is looked at. */
export function checkAnswer(
  session: Session,
  input: Input,
  command: 'FIN' | 'REQ' | 'TOUCH',
  params: number,
): void {
  if (session.state === 'init') {
    throw new ProtocolError('E_INVALID', `cannot ${command} in current state`)
  }
  if (input.params < params) {
    throw new ProtocolError('E_INVALID', `${command} insufficient number of params`)
  }
  if (input.to(1) - input.from(1) !== MESSAGE_ID_BYTES) {
    throw new ProtocolError('E_INVALID', 'invalid message ID')
  }
}

/** Tells the client where its answer could not be taken; the connection stays. The id is echoed byte by byte. */
export function reportAnswer(
  session: Session,
  input: Input,
  command: 'FIN' | 'REQ' | 'TOUCH',
  outcome: AnswerOutcome,
): number {
  if (outcome !== 'done') {
    const code: ErrorCode = `E_${command}_FAILED`
    session.replyError(
      Buffer.concat([
        Buffer.from(`${code} ${command} `),
        input.token(1),
        Buffer.from(` failed ${REASONS[outcome]}`),
      ]),
    )
  }
  return input.next
}
