// One line a command: what it is called and who handles it.

import { ProtocolError } from '@tsq/protocol'

import { identify } from './commands/identify.ts'
import { ping } from './commands/ping.ts'
import { register } from './commands/register.ts'
import { unregister } from './commands/unregister.ts'
import type { Input } from './input.ts'
import type { Session } from './session.ts'

/**
 * Obeys a command whose line has been read from `input`.
 *
 * @returns the answer, or undefined while the body is not whole: the command is then begun again when more has come,
 *   so nothing may have happened yet.
 * @throws {ProtocolError} which the session answers before it closes the connection.
 */
export type CommandHandler = (
  session: Session,
  params: readonly string[],
  input: Input,
) => Buffer | undefined

const handlers = {
  PING: ping,
  IDENTIFY: identify,
  REGISTER: register,
  UNREGISTER: unregister,
} as const satisfies Readonly<Record<string, CommandHandler>>

export type CommandName = keyof typeof handlers

export const COMMAND_NAMES = [
  'PING',
  'IDENTIFY',
  'REGISTER',
  'UNREGISTER',
] as const satisfies CommandName[]

/** Obeys one command, given as its line. See {@link CommandHandler}. */
export function obey(session: Session, line: string, input: Input): Buffer | undefined {
  const [name = '', ...params] = line.split(' ')
  if (!isCommandName(name)) throw new ProtocolError('E_INVALID', `invalid command ${name}`)
  const reply = handlers[name](session, params, input)
  if (reply !== undefined) session.counters.commands[name] += 1
  return reply
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(handlers, name)
}
