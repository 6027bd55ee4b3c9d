// Which messages of a channel are in a state, by its window alone. Nothing is changed.

import { DEFERRED, IN_FLIGHT, WAITING } from '../cells.ts'
import type { Clock } from '../clock.ts'
import type { TopicLog } from '../log/topic-log.ts'
import { TimeHeap } from '../queues.ts'
import type { Window } from '../window.ts'

export const PEEK_STATES = ['waiting', 'in_flight', 'deferred'] as const
export type PeekState = (typeof PEEK_STATES)[number]

/** What a channel lets be seen of itself. */
export interface ChannelView {
  readonly window: Window
  readonly log: TopicLog
  /** Messages below may be delivered. */
  readonly releasedSequence: number
  readonly clock: Clock
}

/** A message, without what it says. */
export interface Listed {
  readonly sequence: number
  readonly state: PeekState
  /** Deliveries so far. */
  readonly attempts: number
  /** Unix ms at which a deferred one comes due, or one in flight times out. */
  readonly dueMs: number | undefined
  /** Of who holds one in flight; 0 otherwise. */
  readonly owner: number
}

const CODES = { waiting: WAITING, in_flight: IN_FLIGHT, deferred: DEFERRED } as const

/**
 * The messages behind the cursor that are in a state, at most `limit`: deferred ones by when they come due, all others
 * oldest first. Walks over everything unsettled once.
 */
export function listUnsettled(view: ChannelView, state: PeekState, limit: number): Listed[] {
  const { window, clock } = view
  const wanted = CODES[state]
  // Of many those that come first, the last of them on top: keys are negative.
  const first = new TimeHeap()
  window.forEachUnsettled((sequence, code) => {
    if (code !== wanted) return
    const key = state === 'deferred' ? window.deadlineOf(sequence) : sequence
    if (first.length === limit) {
      if (key >= -first.peekTime()) return
      first.pop()
    }
    first.push(-key, sequence)
  })
  const sequences: number[] = []
  while (first.length > 0) sequences.push(first.pop())
  const offset = clock.wallMs() - clock.now()
  return sequences.toReversed().map((sequence) => ({
    sequence,
    state,
    attempts: window.attemptsOf(sequence),
    dueMs: state === 'waiting' ? undefined : Math.round(window.deadlineOf(sequence) + offset),
    owner: state === 'in_flight' ? window.ownerOf(sequence) : 0,
  }))
}
