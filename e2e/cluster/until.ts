import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 25

/**
 * Waits until something is so.
 *
 * @returns how long that took, in milliseconds.
 * @throws when it is not so within the limit.
 */
export async function until(
  what: string,
  limitMs: number,
  isSo: () => Promise<boolean> | boolean,
): Promise<number> {
  const start = performance.now()
  while (!(await isSo())) {
    if (performance.now() - start > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await pause(POLL_MS)
  }
  return Math.round(performance.now() - start)
}
