// Hot: walks the sizes of every message published in a batch.

import { ProtocolError, readUint32 } from '@tsq/protocol'

import { type Input, NEED_MORE, WAIT } from '../input.ts'
import { checkMpubCount } from '../mpub-walk.ts'
import type { Session } from '../session.ts'
import { publishError } from './publishing.ts'

const SIZE_BYTES = 4

/** MPUB topic LF size(int32) count(int32) (size(int32) body)*; all of it is published or nothing. */
export function mpub(session: Session, input: Input): number {
  if (input.params < 1) {
    throw new ProtocolError('E_INVALID', 'MPUB insufficient number of parameters')
  }
  session.publishings.check(input, 1, 'MPUB')
  // Before the body is there, as nsqd does.
  if (session.auth !== undefined && !session.auth.mayPublish('MPUB', input.text(1))) return WAIT
  const { maxBodySize, maxMsgSize } = session.options
  const count = readCount(input, maxBodySize)
  if (count === NEED_MORE) return NEED_MORE
  const first = input.next + 2 * SIZE_BYTES
  const walk = session.mpubWalk
  if (!walk.isUnderWay) walk.begin(first - input.start, count)
  if (!walk.walk(input, maxMsgSize)) {
    // The declared size is what the sender means to send; it is only a hint, as in nsqd.
    input.has(input.next + SIZE_BYTES, readUint32(input.bytes, input.next))
    return NEED_MORE
  }
  const end = input.start + walk.offset
  walk.finish()
  const bodyBytes = end - first - count * SIZE_BYTES
  try {
    session.publishings.topicFor(input, 1, count).publishMany(input.bytes, first, count, bodyBytes)
  } catch (error) {
    throw publishError(error, 'MPUB')
  }
  session.replyWhenAcked('MPUB')
  return end
}

function readCount(input: Input, maxBodySize: number): number {
  if (!input.hasSize(input.next)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_BODY', 'MPUB failed to read body size')
  }
  const size = input.size(input.next)
  if (size <= 0) throw new ProtocolError('E_BAD_BODY', `MPUB invalid body size ${size}`)
  if (size > maxBodySize) {
    throw new ProtocolError('E_BAD_BODY', `MPUB body too big ${size} > ${maxBodySize}`)
  }
  if (!input.hasSize(input.next + SIZE_BYTES)) {
    if (!input.isEnded) return NEED_MORE
    throw new ProtocolError('E_BAD_BODY', 'MPUB failed to read message count')
  }
  const count = input.size(input.next + SIZE_BYTES)
  checkMpubCount(count, maxBodySize)
  return count
}
