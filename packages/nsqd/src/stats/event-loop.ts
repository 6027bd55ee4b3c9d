import { Histogram } from '../histogram.ts'

const EVERY_MS = 20

const delays = new Histogram()
let isWatched = false

/**
 * How late the event loop came to a timer, a count each 20 ms. Watched from the first call on, once per process.
 *
 * Not `monitorEventLoopDelay`: it has percentiles only, which two who ask at different times cannot share.
 */
export function eventLoopDelays(): Histogram {
  if (isWatched) return delays
  isWatched = true
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    delays.record(Math.max(0, now - last - EVERY_MS))
    last = now
  }, EVERY_MS).unref()
  return delays
}
