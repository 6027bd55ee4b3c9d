import type { Input } from '../input.ts'
import type { Session } from '../session.ts'

/** NOP LF: the answer to a heartbeat. */
export function nop(_session: Session, input: Input): number {
  return input.next
}
