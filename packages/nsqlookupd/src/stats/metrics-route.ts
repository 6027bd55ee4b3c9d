import { HttpReply, type Route } from '@tsq/daemon'

import type { MetricsSource, MetricsText } from './metrics.ts'

/**
 * GET /metrics. What writes the format is loaded when somebody first asks: it takes 4 MB, which is much beside what a
 * nsqlookupd keeps.
 */
export function metricsRoute(source: MetricsSource): Route {
  let metrics: Promise<MetricsText> | undefined
  const load = async (): Promise<MetricsText> => {
    const { MetricsText: Loaded } = await import('./metrics.ts')
    return new Loaded(source)
  }
  return {
    method: 'GET',
    path: '/metrics',
    quiet: true,
    handle: async () => {
      metrics ??= load()
      const text = await metrics
      return new HttpReply({ contentType: text.contentType, body: await text.read() })
    },
  }
}
