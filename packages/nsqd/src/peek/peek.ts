// Looks at a channel's messages without taking them.

import { setImmediate as nextTurn } from 'node:timers/promises'

import { decodeMessage, FRAME_HEADER_BYTES, frameBytesAt } from '@tsq/protocol'

import { SETTLED } from '../cells.ts'
import type { TopicLog } from '../log/topic-log.ts'
import { type ChannelView, type Listed, listUnsettled, type PeekState } from './listing.ts'
import { type Found, LogReader } from './log-reader.ts'

export interface PeekLimits {
  /** Messages. */
  readonly limit: number
  /** Of each body; the rest is left out. */
  readonly maxBytes: number
}

/** A message as `/peek` shows it. */
export interface PeekedMessage {
  readonly id: string
  /** As text, because a number can't hold it. */
  readonly timestamp_ns: string
  /** Deliveries so far. */
  readonly attempts: number
  readonly state: PeekState
  /** Unix ms at which a deferred one comes due, or one in flight times out. */
  readonly due?: number
  /** Who holds one in flight. */
  readonly client?: string
  readonly body_base64: string
  /** Of the whole body. */
  readonly body_bytes: number
  readonly truncated: boolean
}

/** What `/peek` answers. */
export interface Peeked {
  readonly messages: readonly PeekedMessage[]
  /** Whether these are all there are, or as many as were asked for; false where the search ended at its own limits. */
  readonly complete: boolean
}

/** Messages passed over, such as deferred ones, before other work gets its turn. */
const STEPS_A_TURN = 512
/** Places in files gone to, likewise. */
const SCANS_A_TURN = 4
/** And after so many the search ends, so that no question keeps the node busy. */
const MAX_STEPS = 100_000
/** Of all bodies of an answer. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/**
 * Messages of a channel in a state, at most `limit`: what waits in the order in which it will be delivered (what was
 * delivered before comes first), what is in flight oldest first, what is deferred by when it comes due.
 *
 * @param clientOf names who holds a message.
 */
export async function peekChannel(
  view: ChannelView,
  state: PeekState,
  limits: PeekLimits,
  clientOf: (owner: number) => string | undefined,
): Promise<Peeked> {
  const look = new Look(view.log, limits)
  for (const listed of listUnsettled(view, state, limits.limit)) {
    if (look.isDone) break
    const found = look.find(listed.sequence)
    if (found.kind === 'frame') look.take(found, listed, clientOf(listed.owner))
    // oxlint-disable-next-line no-await-in-loop -- others get their turn in between
    await look.pause()
  }
  if (state !== 'waiting') return look.result()
  // Asked for each anew: the channel goes on while this walks.
  const isFresh = (sequence: number): boolean =>
    sequence >= view.window.cursor && view.window.stateOf(sequence) === SETTLED
  await look.walk(view.window.cursor, view.releasedSequence, isFresh)
  return look.result()
}

/** What waits in a topic that has no channel yet. */
export async function peekTopic(log: TopicLog, limits: PeekLimits): Promise<Peeked> {
  const look = new Look(log, limits)
  await look.walk(log.firstSequence, log.visibleSequence, () => true)
  return look.result()
}

/** One look, up to its limits. */
class Look {
  readonly #messages: PeekedMessage[] = []
  readonly #reader: LogReader
  readonly #limits: PeekLimits
  #steps = 0
  #scansBefore = 0
  #bytes = 0

  constructor(log: TopicLog, limits: PeekLimits) {
    this.#reader = new LogReader(log)
    this.#limits = limits
  }

  get isDone(): boolean {
    return this.#isFull || this.#steps >= MAX_STEPS || this.#bytes >= MAX_ANSWER_BYTES
  }

  get #isFull(): boolean {
    return this.#messages.length >= this.#limits.limit
  }

  result(): Peeked {
    const isCutShort = !this.#isFull && (this.isDone || this.#reader.isSpent)
    return { messages: this.#messages, complete: !isCutShort }
  }

  find(sequence: number): Found {
    this.#steps += 1
    return this.#reader.find(sequence)
  }

  async pause(): Promise<void> {
    const scans = this.#reader.scans - this.#scansBefore
    if (this.#steps % STEPS_A_TURN !== 0 && scans < SCANS_A_TURN) return
    this.#scansBefore = this.#reader.scans
    this.#reader.letGo()
    await nextTurn()
  }

  /** Takes what was never delivered, leaving out deferred messages and those the channel knows otherwise. */
  async walk(from: number, to: number, isFresh: (sequence: number) => boolean): Promise<void> {
    let sequence = from
    while (sequence < to && !this.isDone) {
      const found = this.find(sequence)
      if (found.kind === 'gap') {
        sequence = found.next
      } else {
        if (!found.isDeferred && isFresh(sequence)) this.take(found, freshAt(sequence), undefined)
        sequence += 1
      }
      // oxlint-disable-next-line no-await-in-loop -- others get their turn in between
      await this.pause()
    }
  }

  take(found: Extract<Found, { kind: 'frame' }>, listed: Listed, client: string | undefined): void {
    const { bytes, start } = found
    const frame = bytes.subarray(start + FRAME_HEADER_BYTES, start + frameBytesAt(bytes, start))
    const { id, timestampNs, body } = decodeMessage(frame)
    const shown = body.subarray(0, this.#limits.maxBytes)
    this.#bytes += shown.length
    this.#messages.push({
      id,
      timestamp_ns: String(timestampNs),
      attempts: listed.attempts,
      state: listed.state,
      ...(listed.dueMs === undefined ? {} : { due: listed.dueMs }),
      ...(client === undefined ? {} : { client }),
      body_base64: shown.toString('base64'),
      body_bytes: body.length,
      truncated: shown.length < body.length,
    })
  }
}

function freshAt(sequence: number): Listed {
  return { sequence, state: 'waiting', attempts: 0, dueMs: undefined, owner: 0 }
}
