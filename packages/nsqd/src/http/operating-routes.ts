import type { Route } from '@tsq/daemon'

import type { Nsqd } from '../nsqd.ts'
import { debugRoutes } from './debug-routes.ts'

/** Draining, and looking inside. */
export function operatingRoutes(nsqd: Nsqd): Route[] {
  const drain: Route = {
    method: 'POST',
    path: '/drain',
    handle: () => {
      nsqd.drain()
      return { draining: true, messages_left: nsqd.messagesLeft }
    },
  }
  return nsqd.options.debugEndpoints ? [drain, ...debugRoutes()] : [drain]
}
