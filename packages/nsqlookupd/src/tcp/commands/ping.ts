import { formatGoDuration } from '@tsq/daemon'

import { OK_REPLY } from '../reply.ts'
import type { Session } from '../session.ts'

/** PING LF: the node is well. Before IDENTIFY it only answers. */
export function ping(session: Session): Buffer {
  const { node, registry, logger } = session
  if (node === undefined) return OK_REPLY
  // Every nsqd does it four times a minute; nsqlookupd 1.3.0 says so each time.
  if (logger.isEnabled('debug')) {
    const silence = formatGoDuration(registry.clock.now() - node.lastUpdate)
    logger.debug(`CLIENT(${session.peer}): pinged (last ping ${silence})`)
  }
  registry.ping(node)
  return OK_REPLY
}
