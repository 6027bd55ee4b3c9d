import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** How long to wait before giving up; 20 s unless given. */
  readonly timeoutMs?: number
  /** How long between two looks; 5 ms unless given. */
  readonly everyMs?: number
}

/**
 * Waits until something holds, looking again and again.
 *
 * @param what named in the error, such as `the channel is empty`
 * @throws when it does not hold in time
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { timeoutMs = 20_000, everyMs = 5 }: UntilOptions = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(everyMs)
  }
}
