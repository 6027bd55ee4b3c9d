import { encodeResponse, ProtocolError } from '@tsq/protocol'

import { negotiate } from '../identity.ts'
import { type Input, NEED_MORE, UPGRADE } from '../input.ts'
import { OK_FRAME } from '../outbox.ts'
import type { Session } from '../session.ts'

const SIZE_BYTES = 4

/** IDENTIFY LF size(int32) json: who the client is and how it wants to be served. */
export function identify(session: Session, input: Input): number {
  if (session.state !== 'init') {
    throw new ProtocolError('E_INVALID', 'cannot IDENTIFY in current state')
  }
  const { tls, compression } = session.layers
  if (tls !== undefined || compression !== undefined) {
    // nsqd takes it and then mixes up its layers.
    throw new ProtocolError('E_INVALID', 'cannot IDENTIFY again after TLS or compression')
  }
  if (!input.hasSize(input.next)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to read body size')
  }
  const size = input.size(input.next)
  const { maxBodySize } = session.options
  if (size > maxBodySize) {
    throw new ProtocolError('E_BAD_BODY', `IDENTIFY body too big ${size} > ${maxBodySize}`)
  }
  if (size <= 0) throw new ProtocolError('E_BAD_BODY', `IDENTIFY invalid body size ${size}`)
  const start = input.next + SIZE_BYTES
  if (!input.has(start, size)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_BODY', 'IDENTIFY failed to read body')
  }
  const end = start + size
  const { identity, response, upgrades } = negotiate(
    input.bytes.subarray(start, end),
    session.identity,
    session.options,
    session.hasCertificate,
  )
  session.identify(identity)
  if (response === undefined) {
    session.reply(OK_FRAME)
    return end
  }
  const frame = encodeResponse(JSON.stringify(response))
  if (upgrades.tls || upgrades.compression !== undefined) {
    session.upgrade(frame, upgrades)
    return UPGRADE
  }
  session.reply(frame)
  return end
}
