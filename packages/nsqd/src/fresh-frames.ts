// Hot: looked at for every slice that is delivered.

import { frameBytesAt } from '@tsq/protocol'

import type { Chunk } from './log/chunk.ts'
import type { TopicLog } from './log/topic-log.ts'
import type { Window } from './window.ts'

/** The most that one slice holds; a larger one would only delay the neighbours. */
const MAX_SLICE_BYTES = 128 * 1024

/** Deferred messages that are passed in one turn; a million would take the time of a hundred thousand deliveries. */
const MAX_PASSES = 8_192

/** The frames from a channel's cursor on, as they lie in the log: which of them may be taken next, and where they stand. */
export class FreshFrames {
  /** With the next frame, once {@link seek} has found one. */
  chunk: Chunk | undefined
  /** Where that frame stands in its chunk. */
  offset = 0
  /** Waits for the log to read back what comes next. */
  isAwaited = false
  /** There is more to pass, in a later turn. */
  isPassing = false
  /** Deferred messages that the cursor has not reached; they are the stragglers' business. */
  deferredAhead = 0
  readonly #log: TopicLog
  readonly #window: Window
  /** Where it stands is good while the generation is the chunk's and the cursor at this message. */
  #generation = -1
  #offsetSequence = -1

  constructor(log: TopicLog, window: Window) {
    this.#log = log
    this.#window = window
  }

  /**
   * Brings the cursor to the next message that is there and not deferred, and `chunk` and `offset` with it. Returns the
   * sequence number up to which frames may be taken in one run, or 0 where there is nothing to take now: there is nothing, it is
   * awaited, or there is more to pass.
   *
   * @param released messages below may be delivered.
   * @param absorbed deferred messages below are the stragglers', or settled.
   */
  seek(released: number, absorbed: number): number {
    const log = this.#log
    const window = this.#window
    let passes = 0
    while (window.cursor < released) {
      const present = Math.min(log.holes.skip(window.cursor), released)
      if (present !== window.cursor) {
        this.jumpTo(present, absorbed)
        continue
      }
      // What is known to be deferred is not worth reading back.
      if (this.deferredAhead > 0 && window.stragglers.find(window.cursor) !== -1) {
        this.#passDeferred()
        passes += 1
        if (passes < MAX_PASSES) continue
        this.isPassing = true
        return 0
      }
      const chunk = this.#chunkAtCursor()
      if (chunk === undefined) {
        this.isAwaited = true
        log.request(window.cursor)
        if (this.isAwaited) return 0
        continue
      }
      const deferred = chunk.nextDeferred(window.cursor)
      if (deferred !== window.cursor) {
        return Math.min(deferred, chunk.endSequence, released, log.holes.nextFrom(window.cursor))
      }
      this.#passDeferred()
    }
    return 0
  }

  #passDeferred(): void {
    this.#window.pass(1)
    if (this.deferredAhead > 0) this.deferredAhead -= 1
  }

  #chunkAtCursor(): Chunk | undefined {
    const { cursor } = this.#window
    const known = this.chunk
    const isGood =
      known !== undefined &&
      known.generation === this.#generation &&
      this.#offsetSequence === cursor &&
      cursor < known.endSequence
    if (isGood) return known
    const chunk = this.#log.chunkAt(cursor)
    this.chunk = chunk
    if (chunk === undefined) return undefined
    this.#generation = chunk.generation
    this.offset = chunk.offsetOf(cursor)
    this.#offsetSequence = cursor
    return chunk
  }

  /** Goes past at most `most` frames, and no more bytes than a slice may have. Returns how many; `offset` is behind them. */
  take(most: number): number {
    const { bytes } = this.chunk!
    const start = this.offset
    let end = start
    let count = 0
    while (count < most && (end - start < MAX_SLICE_BYTES || count === 0)) {
      end += frameBytesAt(bytes, end)
      count += 1
    }
    this.offset = end
    this.#offsetSequence = this.#window.cursor + count
    return count
  }

  /** Moves the cursor far ahead. */
  jumpTo(sequence: number, absorbed: number): void {
    this.#window.jumpTo(sequence)
    if (this.deferredAhead === 0) return
    this.deferredAhead = 0
    this.#log.forEachDeferred(this.#window.cursor, (deferred) => {
      if (deferred < absorbed && this.#log.isThere(deferred)) this.deferredAhead += 1
    })
  }
}
