import type { Route } from '@tsq/daemon'

import type { SampleEvent } from '../api.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { Sampler } from '../sampler/sampler.ts'
import type { EventStreams } from './event-stream.ts'

/** `GET /api/events`: says when there is a new sample to ask for. */
export function eventsRoutes(
  sampler: Sampler,
  gatekeeper: Gatekeeper,
  streams: EventStreams,
): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/events',
      quiet: true,
      guard: (request) => void gatekeeper.mayRead(request),
      handle: (request) =>
        streams.stream((viewer) => {
          const onSample = (sampledAt: number): void => {
            if (!gatekeeper.mayStillRead(request)) {
              viewer.end()
              return
            }
            const event: SampleEvent = { sampled_at: sampledAt }
            viewer.send('sample', event)
          }
          if (sampler.sampledAt > 0) onSample(sampler.sampledAt)
          sampler.on('sample', onSample)
          return () => sampler.off('sample', onSample)
        }),
    },
  ]
}
