import { until } from '@tsq/testing'

/** Waits for something another process or socket brings about. */
export function waitUntil(
  isSo: () => boolean | Promise<boolean>,
  what = 'what the test waits for',
): Promise<void> {
  return until(what, isSo)
}
