// Rates from counters that are read now and then, and that begin anew when nsqd restarts.

export interface Reading {
  readonly value: number
  /** Milliseconds. */
  readonly at: number
}

/** Per second between two readings; undefined when the counter began anew or no time went by. */
export function rateBetween(before: Reading, after: Reading): number | undefined {
  const elapsed = (after.at - before.at) / 1000
  const grown = after.value - before.value
  return elapsed > 0 && grown >= 0 ? grown / elapsed : undefined
}

export interface RateMemory {
  readonly readings: ReadonlyMap<string, Reading>
  readonly rates: ReadonlyMap<string, number>
}

export const NO_RATES: RateMemory = { readings: new Map(), rates: new Map() }

/** The rates after one more round of readings, by key. Keys that are gone are forgotten. */
export function nextRates(
  memory: RateMemory,
  values: ReadonlyMap<string, number>,
  at: number,
): RateMemory {
  const readings = new Map<string, Reading>()
  const rates = new Map<string, number>()
  for (const [key, value] of values) {
    const after = { value, at }
    readings.set(key, after)
    const before = memory.readings.get(key)
    const rate = before === undefined ? undefined : rateBetween(before, after)
    if (rate !== undefined) rates.set(key, rate)
  }
  return { readings, rates }
}

/** When the counter page asks again: after 1.1 s, 2.1 s … 10.1 s, then steadily. */
export function counterDelayMs(polls: number): number {
  return Math.min(polls, 10) * 1000 + 100
}

/**
 * What the counter shows between two polls: upwards at the last measured rate, never beyond the real value
 * and never backwards.
 */
export function animatedCount(
  from: number,
  real: number,
  perSecond: number,
  elapsedMs: number,
): number {
  if (real <= from) return real
  return Math.min(real, Math.floor(from + (perSecond * elapsedMs) / 1000))
}
