import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000

/** How a message reaches its outlets. */
export interface Delivery<M> {
  /**
   * Resolves once the message is where it belongs.
   *
   * @param id the same at every delivery of the message by its nsqd.
   * @param stop ends waiting between attempts; what is under way goes on.
   * @throws {NotDelivered} it belongs back to nsqd.
   */
  deliver(message: M, id: string, stop: AbortSignal): Promise<void>
}

/** Not every outlet that has to, or none, took a message. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered'
  readonly code = 'ERR_NOT_DELIVERED'
  /** Whether others took it, so that there is no reason to take fewer messages from nsqd. */
  readonly isPartly: boolean

  constructor(text: string, isPartly: boolean, cause?: unknown) {
    super(text, { cause })
    this.isPartly = isPartly
  }
}

/** Runs rounds of attempts with growing waits between them. @throws what the last round failed with. */
export async function inRounds(
  retries: number,
  stop: AbortSignal,
  round: () => Promise<void>,
): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      await round()
      return
    } catch (error) {
      if (failures >= retries || stop.aborted) throw error
      await waitUnless(stop, retryWaitMs(failures))
      if (stop.aborted) throw error
    }
  }
}

/** Doubles with each failure; half of it is random, so that messages which failed together don't come again together. */
export function retryWaitMs(failures: number, random = Math.random): number {
  const fullMs = Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS)
  return fullMs / 2 + (fullMs / 2) * random()
}

async function waitUnless(stop: AbortSignal, delayMs: number): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal: stop })
  } catch {
    // Told to stop.
  }
}
