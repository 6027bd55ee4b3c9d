import { setTimeout as sleep } from 'node:timers/promises'

const GIVE_UP_MS = 10_000

/** Waits for something another process or socket brings about. */
export async function waitUntil(
  isSo: () => boolean,
  what = 'what the test waits for',
): Promise<void> {
  const giveUp = performance.now() + GIVE_UP_MS
  while (!isSo()) {
    if (performance.now() > giveUp) throw new Error(`${what} does not happen`)
    await sleep(2)
  }
}
