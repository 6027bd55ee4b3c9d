import type { Route } from '@tsq/daemon'

import type { Nsqadmin } from '../nsqadmin.ts'
import { auditRoutes } from './audit-routes.ts'
import { bulkRoutes } from './bulk-routes.ts'
import { configRoutes } from './config-routes.ts'
import { eventsRoutes } from './events-routes.ts'
import { metricsRoutes } from './metrics-routes.ts'
import { pageRoutes } from './page.ts'
import { peekRoutes } from './peek-routes.ts'
import { publishRoutes } from './publish-routes.ts'
import { readRoutes } from './read-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { summaryRoutes } from './summary-routes.ts'
import { tailRoutes } from './tail-routes.ts'
import { writeRoutes } from './write-routes.ts'

/** Everything nsqadmin answers, each path below the base path. */
export function nsqadminRoutes(admin: Nsqadmin): Route[] {
  const { options, settings, cluster, gatekeeper, actions, sampler, history, logger } = admin
  const { basePath, configFrom } = settings
  const writes = { cluster, gatekeeper, actions }
  const routes: Route[] = [
    { method: 'GET', path: '/ping', plain: true, quiet: true, handle: () => 'OK' },
    ...pageRoutes({
      basePath,
      devStaticDir: options.devStaticDir,
      lookupds: () => cluster.lookupds,
      isAdmin: (request) => gatekeeper.identify(request).role === 'admin' && !options.readOnly,
      mayRead: (request) => gatekeeper.mayStillRead(request),
      globals: {
        graphiteUrl: options.proxyGraphite ? '' : withoutLogin(options.graphiteUrl),
        isGraphEnabled: options.graphiteUrl !== '',
        statsdCounterFormat: options.statsdCounterFormat,
        statsdGaugeFormat: options.statsdGaugeFormat,
        statsdPrefix: options.statsdPrefix,
        statsdIntervalSeconds: Math.floor(options.statsdIntervalMs / 1_000),
      },
    }),
    ...readRoutes(cluster, gatekeeper),
    ...writeRoutes(writes),
    ...bulkRoutes(writes),
    ...publishRoutes(writes),
    ...peekRoutes(cluster, gatekeeper),
    ...tailRoutes({
      cluster,
      gatekeeper,
      audit: admin.audit,
      tails: admin.tails,
      logger,
      tls: settings.nsqdTls,
    }),
    ...summaryRoutes({ sampler, history, gatekeeper }),
    ...eventsRoutes(sampler, gatekeeper, admin.streams),
    ...sessionRoutes({ cluster, gatekeeper, options, basePath, audit: admin.audit }),
    ...auditRoutes(admin.audit, gatekeeper),
    ...configRoutes({ options, cluster, gatekeeper, audit: admin.audit, logger, configFrom }),
    ...admin.graphite.routes(),
    ...metricsRoutes(admin),
  ]
  return routes.map((route) => ({ ...route, path: below(basePath, route.path) }))
}

/** The page's, where a password would be everybody's. */
function withoutLogin(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (url.username === '' && url.password === '') return text
  url.username = ''
  url.password = ''
  return url.href
}

function below(basePath: string, path: string): string {
  return path === '/' && basePath !== '' ? basePath : `${basePath}${path}`
}
