import { HttpError, type HttpRequest, type Logger, type Route } from '@tsq/daemon'

import { bump, type Counters } from '../stats/counters.ts'
import { metricsRoute, type MetricsSource } from '../stats/metrics.ts'
import { queryRoutes } from './query-routes.ts'
import { writeRoutes } from './write-routes.ts'

/** Everything nsqlookupd answers over HTTP. */
export function nsqlookupdRoutes(source: MetricsSource, logger: Logger): Route[] {
  const { registry, counters } = source
  const note = (text: string): void => logger.info(text)
  const routes = [...queryRoutes(registry), ...writeRoutes(registry, note)]
  return [...routes.map((route) => counting(route, counters)), metricsRoute(source)]
}

/** A route whose answers are counted by status. */
function counting(route: Route, { requests }: Counters): Route {
  const handle = (request: HttpRequest): ReturnType<Route['handle']> => {
    let status = 500
    try {
      const result = route.handle(request)
      status = 200
      return result
    } catch (error) {
      if (error instanceof HttpError) status = error.status
      throw error
    } finally {
      bump(requests, `${route.path} ${status}`)
    }
  }
  return { ...route, handle }
}
