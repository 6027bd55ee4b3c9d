import { useState } from 'react'

import { NO_RATES, nextRates } from '../lib/rates.ts'

/**
 * Rates per second of counters that a query reads again and again, by key.
 *
 * @param at when they were read, in milliseconds; the same moment again changes nothing
 */
export function useRates(
  values: ReadonlyMap<string, number>,
  at: number,
): ReadonlyMap<string, number> {
  const [memory, setMemory] = useState({ at: 0, state: NO_RATES })
  if (at > memory.at) setMemory({ at, state: nextRates(memory.state, values, at) })
  return memory.state.rates
}
