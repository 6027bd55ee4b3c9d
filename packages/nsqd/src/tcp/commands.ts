// One line a command: what it is called and who handles it.

import { auth } from './commands/auth.ts'
import { cls } from './commands/cls.ts'
import { dpub } from './commands/dpub.ts'
import { fin } from './commands/fin.ts'
import { identify } from './commands/identify.ts'
import { mpub } from './commands/mpub.ts'
import { nop } from './commands/nop.ts'
import { pub } from './commands/pub.ts'
import { rdy } from './commands/rdy.ts'
import { req } from './commands/req.ts'
import { sub } from './commands/sub.ts'
import { touch } from './commands/touch.ts'
import { EchoError } from './echo-error.ts'
import type { Input } from './input.ts'
import type { Session } from './session.ts'

/**
 * Obeys the command in `input`, whose line has been cut up. Returns where the next command begins, or NEED_MORE while
 * the body is not whole, or WAIT until {@link Session.auth} has an answer: it is then called again from the beginning, so
 * nothing may have happened yet.
 *
 * @throws {ProtocolError} which the session answers, and closes the connection where it is fatal.
 */
export type CommandHandler = (session: Session, input: Input) => number

const handlers: Readonly<Record<string, CommandHandler>> = {
  FIN: fin,
  RDY: rdy,
  REQ: req,
  TOUCH: touch,
  PUB: pub,
  MPUB: mpub,
  DPUB: dpub,
  NOP: nop,
  SUB: sub,
  CLS: cls,
  IDENTIFY: identify,
  AUTH: auth,
}

const byName = new Map(Object.entries(handlers))

/** Obeys IDENTIFY only: TLS is required, and this is how a client asks for it. */
export function refuseWithoutTls(session: Session, input: Input): number {
  if (input.text(0) === 'IDENTIFY') return identify(session, input)
  throw new EchoError('E_INVALID', 'cannot ', input.token(0), ' in current state (TLS required)')
}

const F = 70
const I = 73
const N = 78
const P = 80
const U = 85
const B = 66
const SP = 32

/** Obeys one command. See {@link CommandHandler}. */
export function obey(session: Session, input: Input): number {
  const { bytes } = input
  const at = input.start
  const third = bytes[at + 2]
  if (bytes[at + 3] === SP) {
    // The two that come with every message are told by their bytes, without making a string.
    if (bytes[at] === F && bytes[at + 1] === I && third === N) return fin(session, input)
    if (bytes[at] === P && bytes[at + 1] === U && third === B) return pub(session, input)
  }
  const name = input.text(0)
  const handler = byName.get(name)
  if (handler === undefined) {
    throw new EchoError('E_INVALID', 'invalid command ', input.token(0))
  }
  return handler(session, input)
}
