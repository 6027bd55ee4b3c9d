// How long to wait after failures: between reconnects, and in a consumer's back-off.

/**
 * A consumer's back-off, by level (1, 2, 3 …), in milliseconds.
 *
 * @category Consumer
 */
export type BackoffStrategy = (level: number) => number

/**
 * `multiplier × 2^level`: with 1 s, a level of 1 waits 2 s, then 4, 8 …
 *
 * @category Consumer
 */
export function exponentialBackoff(multiplierMs = 1_000): BackoffStrategy {
  return (level) => multiplierMs * 2 ** level
}

/**
 * Anything from 0 up to `multiplier × 2^level`.
 *
 * @category Consumer
 */
export function fullJitterBackoff(
  multiplierMs = 1_000,
  random: () => number = Math.random,
): BackoffStrategy {
  return (level) => random() * multiplierMs * 2 ** level
}

export interface ReconnectLimits {
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
}

/**
 * The wait before connection attempt `attempt` (0 is the first after a loss): full jitter over a span that doubles,
 * and never nothing, so that a refusing nsqd is not asked in a tight loop.
 */
export function reconnectDelayMs(
  attempt: number,
  limits: ReconnectLimits,
  random: () => number = Math.random,
): number {
  const span = Math.min(limits.reconnectMaxMs, limits.reconnectMinMs * 2 ** Math.min(attempt, 30))
  return limits.reconnectMinMs / 10 + random() * (span - limits.reconnectMinMs / 10)
}
