import type { Lender } from './log/chunk.ts'
import type { Locality } from './topology.ts'

/** Where a channel hands messages: a TCP session, or a fake in tests. */
export interface Subscriber {
  /** Unique among the connections of this process; not 0. */
  readonly id: number
  /** How long it may leave a message unanswered, in ms. */
  readonly msgTimeoutMs: number
  /** Percentage of messages it wants, 1…99; 0 for all of them. */
  readonly sampleRate: number
  /** How near it is; absent where that does not matter. */
  readonly locality?: Locality
  /** Messages handed to it and unanswered. The channel counts. */
  inFlight: number
  /** Whether it stands in the channel's list of the ready. The channel's. */
  isListed: boolean
  /** How many more messages it may have now: ready count less in flight; 0 while its socket pushes back. */
  room(): number
  /** Takes a run of whole message frames. The bytes are borrowed until `lender.release()`; owned where there is none. */
  deliver(frames: Uint8Array, count: number, lender: Lender | undefined): void
  /** The channel is being deleted. */
  close(): void
}
