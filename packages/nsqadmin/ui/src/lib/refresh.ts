// When the page asks again. The server says when it has a new sample; a timer stands in where it can't, and
// where somebody wants to see more often than it samples.

export const REFRESH_CHOICES = [0, 1, 5, 10, 30] as const
export type RefreshSeconds = (typeof REFRESH_CHOICES)[number]
export const DEFAULT_REFRESH: RefreshSeconds = 5

export function parseRefresh(text: string | null): RefreshSeconds {
  const seconds = text === null || text === '' ? Number.NaN : Number(text)
  return REFRESH_CHOICES.find((choice) => choice === seconds) ?? DEFAULT_REFRESH
}

/** Samples come a little early or late; within this they count as on time. */
const SLACK_MS = 300

/** Whether a new sample is reason to ask now. */
export function isDueOnSample(chosen: RefreshSeconds, sinceLastMs: number): boolean {
  return chosen > 0 && sinceLastMs >= chosen * 1000 - SLACK_MS
}

/**
 * How long to wait for a sample before asking without one; undefined when nothing is to be asked.
 * With a live connection the timer gives the sample a second's grace, except where it must be faster than samples come.
 */
export function timerMs(chosen: RefreshSeconds, isConnected: boolean): number | undefined {
  if (chosen === 0) return undefined
  return chosen * 1000 + (isConnected && chosen >= 5 ? 1000 : 0)
}
