import os from 'node:os'

import { goJson } from '@tsq/daemon'
import { ProtocolError } from '@tsq/protocol'

import { NSQ_VERSION } from '../../version.ts'
import { readIdentity } from '../identity.ts'
import type { Input } from '../input.ts'
import { encodeTextReply } from '../reply.ts'
import type { Session } from '../session.ts'

/** IDENTIFY LF size(int32) json: who the node is. Answered with who we are. */
export function identify(
  session: Session,
  _params: readonly string[],
  input: Input,
): Buffer | undefined {
  if (session.node !== undefined) throw new ProtocolError('E_INVALID', 'cannot IDENTIFY again')
  const size = input.readInt32()
  if (size === undefined) {
    if (!input.isEnded) return undefined
    throw badBody('failed to read body size')
  }
  const { maxBodyBytes } = session.limits
  if (size < 0 || size > maxBodyBytes) {
    throw badBody('failed to read body size', new RangeError(`${size} is not [0,${maxBodyBytes}]`))
  }
  const body = input.readBytes(size)
  if (body === undefined) {
    if (!input.isEnded) return undefined
    throw badBody('failed to read body')
  }
  session.identified(readIdentity(body, session.peer))

  const { broadcastAddress, httpPort, httpsPort, tcpPort } = session.self
  return encodeTextReply(
    goJson({
      broadcast_address: broadcastAddress,
      hostname: os.hostname(),
      http_port: httpPort,
      ...(httpsPort > 0 ? { https_port: httpsPort } : {}),
      tcp_port: tcpPort,
      version: NSQ_VERSION,
    }),
  )
}

function badBody(problem: string, cause?: unknown): ProtocolError {
  return new ProtocolError('E_BAD_BODY', `IDENTIFY ${problem}`, { cause })
}
