import { DEFERRED } from './cells.ts'
import { type ChannelPlace, CheckpointEncoder } from './checkpoint.ts'
import { sortInSteps } from './sort-in-steps.ts'
import type { Steps } from './steps.ts'
import type { Window } from './window.ts'

/** So many messages are written down between two pauses. */
const STEP = 4_096

/**
 * Encodes a checkpoint with pauses, in which the window may change: of a million unsettled messages it would otherwise hold up
 * every delivery for a third of a second.
 *
 * It has every message that is unsettled from now until the end, as it is when its turn comes. What is settled meanwhile may
 * be in it or not; what the cursor comes to meanwhile is behind the cursor that it names.
 *
 * @param place where the channel stands now.
 * @param wallOffsetMs what makes Unix ms of the core's.
 */
export function* encodeInSteps(
  place: ChannelPlace,
  window: Window,
  wallOffsetMs: number,
): Steps<readonly Uint8Array[]> {
  const sequences = yield* sortInSteps(window.unsettledSequences())
  const encoder = new CheckpointEncoder(place, sequences.length)
  for (let start = 0; start < sequences.length; start += STEP) {
    const end = Math.min(start + STEP, sequences.length)
    window.forEachStillUnsettled(sequences, start, end, (sequence, cells, slot) => {
      const isDeferred = cells.state[slot] === DEFERRED
      const dueMs = isDeferred ? Math.round(cells.deadline[slot]! + wallOffsetMs) : 0
      encoder.add(sequence, dueMs, cells.attempts[slot]!)
    })
    yield
  }
  return encoder.finish()
}
