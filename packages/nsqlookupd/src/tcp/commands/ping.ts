import { formatGoDuration } from '@tsq/daemon'

import { OK_REPLY } from '../reply.ts'
import type { Session } from '../session.ts'

/** PING LF: the node is well. Before IDENTIFY it only answers. */
export function ping(session: Session): Buffer {
  const { node, registry, logger } = session
  if (node === undefined) return OK_REPLY
  if (logger.isEnabled('info')) {
    const silence = formatGoDuration(registry.clock.now() - node.lastUpdate)
    logger.info(`CLIENT(${session.peer}): pinged (last ping ${silence})`)
  }
  registry.ping(node)
  return OK_REPLY
}
