import { EchoError } from '../echo-error.ts'
import type { Input } from '../input.ts'
import type { Session } from '../session.ts'
import { checkAnswer, reportAnswer } from './answers.ts'

/** REQ id delay(ms) LF: the message comes again, after the delay. A delay past the limit is cut to it. */
export function req(session: Session, input: Input): number {
  checkAnswer(session, input, 'REQ', 2)
  const delayMs = input.number(2)
  if (delayMs === -1) {
    throw new EchoError('E_INVALID', 'REQ could not parse timeout ', input.token(2))
  }
  const clamped = Math.min(delayMs, session.options.maxReqTimeoutMs)
  return reportAnswer(session, input, 'REQ', session.requeue(input.bytes, input.from(1), clamped))
}
