// Hot: once for every message.

import type { Input } from '../input.ts'
import type { Session } from '../session.ts'
import { checkAnswer, reportAnswer } from './answers.ts'

/** FIN id LF: the message is done with. No answer unless it fails. */
export function fin(session: Session, input: Input): number {
  checkAnswer(session, input, 'FIN', 1)
  const outcome = session.finish(input.bytes, input.from(1))
  return outcome === 'done' ? input.next : reportAnswer(session, input, 'FIN', outcome)
}
