import type { Input } from '../input.ts'
import type { Session } from '../session.ts'
import { checkAnswer, reportAnswer } from './answers.ts'

/** TOUCH id LF: the message's timeout begins again, up to --max-msg-timeout from its delivery. */
export function touch(session: Session, input: Input): number {
  checkAnswer(session, input, 'TOUCH', 1)
  return reportAnswer(session, input, 'TOUCH', session.touch(input.bytes, input.from(1)))
}
