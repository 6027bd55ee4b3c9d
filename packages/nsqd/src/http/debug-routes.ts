// Go's /debug/pprof, as far as Node has the same to tell.

import { HttpError, HttpReply, parseGoInteger, type Route } from '@tsq/daemon'
import { quoteBytes } from '@tsq/protocol'

import { collectGarbage, cpuProfile, heapSnapshot, waitingFor } from '../stats/profiles.ts'
import { StallWatch } from '../stats/stalls.ts'

const DEFAULT_SECONDS = 30
const MOST_SECONDS = 300
const MS_PER_SECOND = 1_000
const NS_PER_MS = 1e6
const LARGEST_INT64 = 2n ** 63n - 1n

const PAGES = [
  [
    'profile?seconds=30',
    'CPU profile, for the Performance tab of Chrome; takes as long as it says',
  ],
  ['heap', 'heap snapshot, for the Memory tab of Chrome; nsqd stands still meanwhile'],
  ['goroutine', 'what the process waits for: sockets, timers, files'],
  ['block', 'when the event loop stood still, once /debug/setblockrate says how long is too long'],
  ['cmdline', 'the command line, its parts separated by NUL'],
] as const

export function debugRoutes(): Route[] {
  const stalls = new StallWatch()
  return [
    page(
      '/debug/pprof/',
      () => new HttpReply({ contentType: 'text/html; charset=utf-8', body: INDEX }),
    ),
    page('/debug/pprof/cmdline', () => process.argv.join('\0')),
    page('/debug/pprof/goroutine', waitingFor),
    page('/debug/pprof/block', () => describe(stalls)),
    ...profileRoutes(),
    {
      method: 'PUT',
      path: '/debug/setblockrate',
      handle: ({ query }) => stalls.watch(readRate(query.get('rate') ?? '') / NS_PER_MS),
      plain: true,
    },
    {
      method: 'POST',
      path: '/debug/freememory',
      handle: collectGarbage,
    },
  ]
}

const INDEX = [
  '<!doctype html>\n<title>/debug/pprof/</title>\n<ul>\n',
  ...PAGES.map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}\n`),
  '</ul>\n',
].join('')

function page(path: string, handle: Route['handle']): Route {
  return { method: 'GET', path, plain: true, handle }
}

function profileRoutes(): Route[] {
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
    page('/debug/pprof/profile', ({ query }) => {
      const given = query.get('seconds')
      const seconds = given === undefined ? DEFAULT_SECONDS : parseGoInteger(given)
      if (typeof seconds !== 'number' || seconds < 1 || seconds > MOST_SECONDS) {
        throw new HttpError(400, `seconds must be 1 to ${MOST_SECONDS}`)
      }
      return alone(() => cpuProfile(seconds * MS_PER_SECOND), 'nsqd.cpuprofile')
    }),
    page('/debug/pprof/heap', () => alone(heapSnapshot, 'nsqd.heapsnapshot')),
  ]
}

/**
 * Nanoseconds; 0 or less for none.
 *
 * @throws {HttpError} in the words of nsqd 1.3.0.
 */
function readRate(text: string): number {
  const isNumber = /^[+-]?[0-9]+$/.test(text)
  const rate = isNumber ? BigInt(text.replace('+', '')) : 0n
  const isInRange = rate <= LARGEST_INT64 && rate >= -LARGEST_INT64 - 1n
  if (isNumber && isInRange) return Number(rate)
  const why = isNumber ? 'value out of range' : 'invalid syntax'
  const quoted = quoteBytes(Buffer.from(text))
  throw new HttpError(400, `invalid block rate : strconv.Atoi: parsing ${quoted}: ${why}`)
}

function describe({ count, latest }: StallWatch): string {
  const lines = latest.map(
    ({ endedAtMs, ms }) => `${new Date(endedAtMs).toISOString()} ${ms.toFixed(1)} ms\n`,
  )
  return [`${count} stalls of the event loop, the latest ${latest.length}:\n`, ...lines].join('')
}
