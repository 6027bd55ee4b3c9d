import { HttpError, HttpReply, parseGoInteger, type Route } from '@tsq/daemon'

import type { Nsqd } from '../nsqd.ts'
import { cpuProfile, heapSnapshot } from '../stats/profiles.ts'

const DEFAULT_SECONDS = 30
const MOST_SECONDS = 300
const MS_PER_SECOND = 1_000

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

function debugRoutes(): Route[] {
  let isBusy = false
  /** One at a time: each is a load of its own. */
  const alone = async (make: () => Promise<Buffer>, name: string): Promise<HttpReply> => {
    if (isBusy) throw new HttpError(409, 'PROFILE_RUNNING')
    isBusy = true
    try {
      const headers = { 'Content-Disposition': `attachment; filename="${name}"` }
      const contentType = 'application/octet-stream'
      return new HttpReply({ contentType, body: await make(), headers })
    } finally {
      isBusy = false
    }
  }
  return [
    {
      method: 'GET',
      path: '/debug/pprof/profile',
      plain: true,
      handle: ({ query }) => {
        const given = query.get('seconds')
        const seconds = given === undefined ? DEFAULT_SECONDS : parseGoInteger(given)
        if (typeof seconds !== 'number' || seconds < 1 || seconds > MOST_SECONDS) {
          throw new HttpError(400, `seconds must be 1 to ${MOST_SECONDS}`)
        }
        return alone(() => cpuProfile(seconds * MS_PER_SECOND), 'nsqd.cpuprofile')
      },
    },
    {
      method: 'GET',
      path: '/debug/pprof/heap',
      plain: true,
      handle: () => alone(heapSnapshot, 'nsqd.heapsnapshot'),
    },
  ]
}
