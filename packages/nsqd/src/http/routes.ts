import type { Route } from '@tsq/daemon'

import type { Nsqd } from '../nsqd.ts'
import { channelRoutes } from './channel-routes.ts'
import { metricsRoute } from '../stats/metrics/route.ts'
import { configRoutes } from './config-routes.ts'
import { operatingRoutes } from './operating-routes.ts'
import { peekRoutes } from './peek-routes.ts'
import { publishRoutes } from './publish-routes.ts'
import { statusRoutes } from './status-routes.ts'
import { topicRoutes } from './topic-routes.ts'

/** Everything nsqd answers over HTTP. */
export function nsqdRoutes(nsqd: Nsqd): Route[] {
  return [
    ...statusRoutes(nsqd),
    metricsRoute(nsqd),
    ...operatingRoutes(nsqd),
    ...publishRoutes(nsqd),
    ...peekRoutes(nsqd),
    ...topicRoutes(nsqd),
    ...channelRoutes(nsqd),
    ...configRoutes(nsqd),
  ]
}
