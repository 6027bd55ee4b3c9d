import { goJson } from '@tsq/daemon'
import { encodeResponse, ProtocolError } from '@tsq/protocol'

import { type Input, NEED_MORE, WAIT } from '../input.ts'
import type { Session } from '../session.ts'

const SIZE_BYTES = 4

/** AUTH LF size(int32) secret: what the client may do is asked of an auth server. */
export function auth(session: Session, input: Input): number {
  if (session.state !== 'init') {
    throw new ProtocolError('E_INVALID', 'cannot AUTH in current state')
  }
  if (input.params > 0) {
    throw new ProtocolError('E_INVALID', 'AUTH invalid number of parameters')
  }
  if (!input.hasSize(input.next)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_BODY', 'AUTH failed to read body size')
  }
  const size = input.size(input.next)
  const { maxBodySize } = session.options
  if (size > maxBodySize) {
    throw new ProtocolError('E_BAD_BODY', `AUTH body too big ${size} > ${maxBodySize}`)
  }
  if (size <= 0) throw new ProtocolError('E_BAD_BODY', `AUTH invalid body size ${size}`)
  const start = input.next + SIZE_BYTES
  if (!input.has(start, size)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_BODY', 'AUTH failed to read body')
  }
  if (session.auth === undefined) throw new ProtocolError('E_AUTH_DISABLED', 'AUTH disabled')
  const end = start + size
  const answer = session.auth.authenticate(input.bytes.subarray(start, end))
  if (answer === undefined) return WAIT
  session.reply(encodeResponse(goJson(answer)))
  return end
}
