// Hot: what PUB, MPUB and DPUB share.

import { type ErrorCode, ProtocolError } from '@tsq/protocol'

import { PublishFailure } from '../../topic.ts'
import { type Input, NEED_MORE } from '../input.ts'

const SIZE_BYTES = 4

/** Where a message's body begins, once all of it is there; NEED_MORE until then. */
export function messageBody(input: Input, command: 'PUB' | 'DPUB', maxBytes: number): number {
  if (!input.hasSize(input.next)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_MESSAGE', `${command} failed to read message body size`)
  }
  const size = input.size(input.next)
  if (size <= 0) {
    throw new ProtocolError('E_BAD_MESSAGE', `${command} invalid message body size ${size}`)
  }
  if (size > maxBytes) {
    throw new ProtocolError('E_BAD_MESSAGE', `${command} message too big ${size} > ${maxBytes}`)
  }
  const start = input.next + SIZE_BYTES
  if (!input.has(start, size)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_MESSAGE', `${command} failed to read message body`)
  }
  return start
}

/** Turns a topic's refusal into the command's error; anything else is passed on. */
export function publishError(error: unknown, command: 'PUB' | 'MPUB' | 'DPUB'): unknown {
  if (!(error instanceof PublishFailure)) return error
  const code: ErrorCode = `E_${command}_FAILED`
  return new ProtocolError(code, `${command} failed ${error.message}`, { cause: error })
}
