// Reads single messages out of a log, in memory or on disk, without moving anything into or out of memory for it.

import { frameBytesAt } from '@tsq/protocol'

import type { BatchScanner } from '../log/scan.ts'
import type { TopicLog } from '../log/topic-log.ts'

/** Where a message's frame stands, or where to look on when there is no such message to be read. */
export type Found =
  | {
      readonly kind: 'frame'
      /** Borrowed until the next turn of the event loop. */
      readonly bytes: Buffer
      readonly start: number
      readonly isDeferred: boolean
    }
  /** Nothing readable up to `next`. */
  | { readonly kind: 'gap'; readonly next: number }

/** Opening a segment at a place reads up to a megabyte; so many times for one question. */
const MAX_SCANS = 64

/** Looks messages up by sequence number; cheapest in ascending order. */
export class LogReader {
  readonly #log: TopicLog
  #scanner: BatchScanner | undefined
  #scans = 0

  constructor(log: TopicLog) {
    this.#log = log
  }

  /** Places in files that it has gone to. */
  get scans(): number {
    return this.#scans
  }

  /** Whether it goes to no further place in a file. */
  get isSpent(): boolean {
    return this.#scans >= MAX_SCANS
  }

  /** To be called before others get their turn: they may close the file that is being read. */
  letGo(): void {
    this.#scanner = undefined
  }

  find(sequence: number): Found {
    const present = this.#log.holes.skip(sequence)
    if (present !== sequence) return { kind: 'gap', next: present }
    const chunk = this.#log.chunkAt(sequence)
    if (chunk !== undefined) {
      const start = chunk.offsetOf(sequence)
      const isDeferred = chunk.nextDeferred(sequence) === sequence
      return { kind: 'frame', bytes: chunk.bytes, start, isDeferred }
    }
    return this.#findOnDisk(sequence)
  }

  #findOnDisk(sequence: number): Found {
    const held = this.#scanner
    if (held !== undefined && held.header.firstSequence <= sequence) {
      const found = seek(held, sequence)
      if (found !== undefined) return found
    }
    if (this.isSpent) return { kind: 'gap', next: Infinity }
    this.#scans += 1
    this.#scanner = this.#log.scanFrom(sequence)
    const scanner = this.#scanner
    if (scanner === undefined) return { kind: 'gap', next: sequence + 1 }
    return (
      (scanner.next() ? seek(scanner, sequence) : undefined) ?? { kind: 'gap', next: sequence + 1 }
    )
  }
}

/** Goes on with the batches of a segment to the one with the message. Undefined where they end before. */
function seek(scanner: BatchScanner, sequence: number): Found | undefined {
  while (scanner.header.firstSequence + scanner.header.count <= sequence) {
    if (!scanner.next()) return undefined
  }
  const { firstSequence, count, dueMs } = scanner.header
  // What lay between did not check.
  if (firstSequence > sequence) return { kind: 'gap', next: firstSequence }
  if (count === 0) return undefined
  const bytes = scanner.frames()
  let start = 0
  for (let at = firstSequence; at < sequence; at++) start += frameBytesAt(bytes, start)
  return { kind: 'frame', bytes, start, isDeferred: dueMs > 0 }
}
