import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

/** Looks every few milliseconds; fails when it does not hold in time. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `not within ${limitMs} ms: ${what}`)
    await pause(5)
  }
}
