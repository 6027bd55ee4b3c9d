import { until } from '@tsq/testing'

const POLL_MS = 25

/**
 * Waits until something is so.
 *
 * @returns how long that took, in milliseconds.
 * @throws when it is not so within the limit.
 */
export async function timeUntil(
  what: string,
  limitMs: number,
  isSo: () => Promise<boolean> | boolean,
): Promise<number> {
  const start = performance.now()
  await until(what, isSo, { timeoutMs: limitMs, everyMs: POLL_MS })
  return Math.round(performance.now() - start)
}
