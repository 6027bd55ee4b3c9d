// Hot: append and commit run for every publish, chunkAt for every slice.

import { MESSAGE_ID_OFFSET, readIdPrefix, type TimestampNs } from '@tsq/protocol'

import type { Clock } from '../clock.ts'
import { Blocks } from './blocks.ts'
import type { Chunk } from './chunk.ts'
import type { ChunkPool } from './chunk-pool.ts'
import type { LogFigures } from './figures.ts'
import { Holes } from './holes.ts'
import type { OpenFiles } from './open-files.ts'
import { type RecoveryNote, recoverSegments } from './recovery.ts'
import { BatchScanner, deferredBatches } from './scan.ts'
import type { Segment } from './segment.ts'
import { Segments } from './segments.ts'
import { Tail } from './tail.ts'

/** With `--ack-after=memory`, so much is gathered before it is written ahead of `--sync-timeout`. */
const MEMORY_FLUSH_BYTES = 1024 * 1024
/** More sequence numbers than a process hands out before they are written: so many an unclean stop may have lost. */
const LOST_AT_MOST = 2 ** 22
/** Unclean stops in a row that each have a stretch of sequence numbers of their own. */
const STRETCHES = 32
const READ_RETRY_MS = 1_000
/** Failed ranges remembered for publishers that have yet to be told. */
const MAX_FAILED_RANGES = 1_024

export type AckAfter = 'memory' | 'write' | 'fsync'

export interface LogOptions {
  readonly ackAfter: AckAfter
  /** A segment past this size is sealed. */
  readonly maxBytesPerFile: number
  /** Messages after which what was written is synced. */
  readonly syncEvery: number
  readonly syncTimeoutMs: number
  /** What the tail of one topic may hold in memory. */
  readonly tailBytes: number
}

/** What a log shares with the others of the process. */
export interface LogContext {
  readonly pool: ChunkPool
  readonly openFiles: OpenFiles
  readonly clock: Clock
  readonly figures: LogFigures
  readonly options: LogOptions
}

export interface LogEvents {
  /** More has been acknowledged, or failed, outside of a commit. */
  onAcked(): void
  /** Messages that were asked for have been read back. */
  onReadBack(): void
  onNote(level: 'warn' | 'error', text: string): void
}

/** The log takes no more for now; `message` says why. */
export class LogFailure extends Error {
  override readonly name = 'LogFailure'
  readonly code = 'E_LOG_FAILED'
}

/**
 * The durable log of one topic, or for an ephemeral topic just its tail. Positions are sequence numbers; a position is
 * the sequence number after the last message it covers.
 */
export class TopicLog {
  readonly holes = new Holes()
  /** Messages below may be delivered. */
  visibleSequence: number
  /** Messages below have reached what `--ack-after` asks for, or have failed ({@link failureOf}). */
  ackedSequence: number
  /** Why the last write or sync failed; undefined once one succeeds. */
  failure: Error | undefined
  readonly #tail: Tail
  readonly #segments: Segments | undefined
  readonly #blocks: Blocks | undefined
  readonly #context: LogContext
  readonly #events: LogEvents
  readonly #failed = new Holes()
  #failedText = ''
  #writtenSequence: number
  #unsyncedMessages = 0
  #isSyncing = false
  #stopTimer: (() => void) | undefined
  #closed: Promise<void> | undefined
  #onSyncDone: (() => void) | undefined

  /**
   * @param folder where the segments are; undefined for an ephemeral topic.
   */
  constructor(folder: string | undefined, context: LogContext, events: LogEvents) {
    this.#context = context
    this.#events = events
    let next = 1
    if (folder !== undefined) {
      const { openFiles, options } = context
      const recovered = recoverSegments(openFiles.files, folder, this.holes)
      for (const note of recovered.notes) events.onNote('warn', describeNote(note))
      this.#segments = new Segments(folder, openFiles, recovered.segments, {
        maxBytes: options.maxBytesPerFile,
        syncNames: options.ackAfter === 'fsync',
      })
      next = Math.max(next, this.#segments.endSequence)
      this.#blocks = new Blocks(this.#segments, openFiles, context.pool, this.holes, {
        onLoaded: () => this.#events.onReadBack(),
        onDamage: (segment, fromByte, toByte, from, to) =>
          events.onNote('error', describeDamage(segment, fromByte, toByte, from, to)),
        onReadError: (segment, error) => this.#readFailed(segment, error),
      })
    }
    this.#tail = new Tail(context.pool, next, context.options.tailBytes, folder !== undefined)
    this.visibleSequence = next
    this.ackedSequence = next
    this.#writtenSequence = next
  }

  get isEphemeral(): boolean {
    return this.#segments === undefined
  }

  /** Position of the newest message, committed or not. */
  get appendedSequence(): number {
    return this.#tail.nextSequence
  }

  /** The oldest message that is still there. */
  get firstSequence(): number {
    const onDisk = this.#segments?.list[0]?.firstSequence
    return onDisk ?? this.#tail.firstSequence
  }

  /** The oldest message in memory. */
  get tailSequence(): number {
    return this.#tail.firstSequence
  }

  get diskBytes(): number {
    return this.#segments?.bytes ?? 0
  }

  get segmentCount(): number {
    return this.#segments?.list.length ?? 0
  }

  /** Bytes of memory that hold the newest messages. */
  get tailBytes(): number {
    return this.#tail.heldBytes
  }

  /** Goes on at another sequence number; what lies between is a hole. Nothing may be pending. */
  jumpTo(sequence: number): void {
    if (sequence <= this.#tail.nextSequence) return
    this.holes.add(this.#tail.nextSequence, sequence)
    this.#tail.jumpTo(sequence)
    this.visibleSequence = sequence
    this.ackedSequence = sequence
    this.#writtenSequence = sequence
    this.#segments?.seal()
  }

  /**
   * Goes on behind `end`, and behind the log's own end where that is further. After unclean stops also behind whatever
   * was handed out and lost, so that no message shares its id with another.
   */
  resumeBehind(end: number, uncleanStops: number): void {
    const known = Math.max(end, this.#tail.nextSequence)
    this.jumpTo(uncleanStops === 0 ? known : behindLost(known, uncleanStops))
  }

  /**
   * Appends one message; it is delivered and acknowledged after the next commit.
   *
   * @param source borrowed for the call; the body is copied.
   * @param dueMs Unix ms for a deferred message, else 0.
   * @throws {LogFailure} when what was appended before cannot be written and the tail is full.
   */
  append(
    source: Buffer,
    start: number,
    end: number,
    timestamp: TimestampNs,
    prefix: number,
    dueMs: number,
  ): void {
    if (this.failure !== undefined) this.#refuseWhenFull(end - start)
    this.#tail.append(source, start, end, timestamp, prefix, dueMs)
  }

  /** Appends the `count` messages of a checked MPUB body; see {@link append}. */
  appendMany(
    source: Buffer,
    start: number,
    count: number,
    timestamp: TimestampNs,
    prefix: number,
  ): void {
    if (this.failure !== undefined) this.#refuseWhenFull(0)
    this.#tail.appendMany(source, start, count, timestamp, prefix)
  }

  #refuseWhenFull(bytes: number): void {
    if (this.#tail.pendingBytes + bytes <= this.#context.options.tailBytes) return
    throw new LogFailure(this.failure?.message ?? 'full', { cause: this.failure })
  }

  /** Visits the deferred messages appended since the last commit. */
  forEachPendingDeferred(visit: (sequence: number, dueMs: number) => void): void {
    const { chunks } = this.#tail
    const from = this.visibleSequence
    let at = chunks.length
    while (at > 0 && chunks[at - 1]!.endSequence > from) at -= 1
    for (; at < chunks.length; at++) {
      const { deferredSequences, deferredDueMs } = chunks[at]!
      let i = deferredSequences.length
      while (i > 0 && deferredSequences[i - 1]! >= from) i -= 1
      for (; i < deferredSequences.length; i++) visit(deferredSequences[i]!, deferredDueMs[i]!)
    }
  }

  /** Hands what was appended since the last commit to the operating system, in one write. */
  commit(): void {
    const tail = this.#tail
    if (this.#segments === undefined) {
      tail.saved()
      this.visibleSequence = tail.nextSequence
      this.ackedSequence = tail.nextSequence
      return
    }
    if (this.#context.options.ackAfter === 'memory') {
      this.visibleSequence = tail.nextSequence
      this.ackedSequence = tail.nextSequence
      if (tail.pendingBytes >= MEMORY_FLUSH_BYTES) this.#write()
      else this.#startTimer()
      return
    }
    this.#write()
    this.visibleSequence = tail.nextSequence
    if (this.#context.options.ackAfter === 'write') this.ackedSequence = tail.nextSequence
  }

  #write(): void {
    const tail = this.#tail
    if (tail.runCount === 0 || this.#segments === undefined) return
    const { clock, figures } = this.#context
    const { ackAfter, syncEvery } = this.#context.options
    const start = clock.now()
    try {
      this.#segments.write(tail.runs, tail.runCount)
    } catch (error) {
      figures.writeFailures += 1
      this.#writeFailed(error as Error)
      return
    }
    figures.commits += 1
    figures.writeTimes.record(clock.now() - start)
    this.failure = undefined
    this.#unsyncedMessages += tail.nextSequence - this.#writtenSequence
    this.#writtenSequence = tail.nextSequence
    tail.saved()
    if (ackAfter === 'fsync' || this.#unsyncedMessages >= syncEvery) this.#sync()
    else this.#startTimer()
  }

  /** What could not be written is taken back and its publishers are told; acknowledged messages stay and are tried again. */
  #writeFailed(error: Error): void {
    if (this.failure?.message !== error.message) {
      this.#events.onNote('error', `write failed - ${error.message}`)
    }
    this.failure = error
    if (this.#context.options.ackAfter === 'memory') {
      this.#startTimer()
      return
    }
    const end = this.#tail.nextSequence
    this.#tail.takeBack()
    const from = this.#tail.nextSequence
    this.#addFailed(from, end, error)
    this.holes.add(from, end)
    this.#tail.jumpTo(end)
    this.#writtenSequence = end
    if (!this.#isSyncing) this.ackedSequence = end
  }

  #addFailed(from: number, to: number, error: Error): void {
    this.#failed.add(from, to)
    this.#failedText = error.message
    const ranges = this.#failed.ranges()
    if (ranges.length > MAX_FAILED_RANGES) this.#failed.dropBelow(ranges[0]![1])
  }

  /** What a publisher whose last message ends at an acknowledged `position` is told: undefined, or why it failed. */
  failureOf(position: number): string | undefined {
    return this.#failed.countIn(position - 1, position) > 0 ? this.#failedText : undefined
  }

  #startTimer(): void {
    if (this.#stopTimer !== undefined || this.#closed !== undefined) return
    const { clock, options } = this.#context
    this.#stopTimer = clock.after(options.syncTimeoutMs, () => {
      this.#stopTimer = undefined
      if (options.ackAfter === 'memory') this.#write()
      this.#sync()
    })
  }

  /** Starts a sync unless one is under way; that one then starts the next. */
  #sync(): void {
    const segments = this.#segments
    if (this.#isSyncing || segments === undefined || this.#unsyncedMessages === 0) return
    this.#isSyncing = true
    this.#unsyncedMessages = 0
    const from = this.ackedSequence
    const to = this.#writtenSequence
    const { clock, figures } = this.#context
    const start = clock.now()
    segments.syncLater((error) => {
      this.#isSyncing = false
      if (error === null) {
        figures.syncTimes.record(clock.now() - start)
      } else {
        figures.syncFailures += 1
        this.#syncFailed(error, from)
      }
      if (this.#context.options.ackAfter === 'fsync') {
        this.ackedSequence = Math.max(this.ackedSequence, to)
        if (this.#unsyncedMessages > 0) this.#sync()
        else this.ackedSequence = this.#writtenSequence
        this.#events.onAcked()
      }
      this.#onSyncDone?.()
    })
  }

  /**
   * Syncing again would prove nothing: the kernel may have dropped the pages, with them what was written to the same ones
   * meanwhile. The segment is left and a new one begun.
   */
  #syncFailed(error: Error, from: number): void {
    this.failure = error
    this.#events.onNote('error', `sync failed - ${error.message}`)
    if (this.#context.options.ackAfter === 'fsync') {
      this.#addFailed(from, this.#writtenSequence, error)
    }
    this.#unsyncedMessages = 0
    this.#segments?.abandonUnsynced()
  }

  /** The chunk with a message that may be delivered, or undefined: then {@link request} it. */
  chunkAt(sequence: number): Chunk | undefined {
    return this.#tail.chunkAt(sequence) ?? this.#blocks?.chunkAt(sequence)
  }

  /** Starts to read a message back. `onReadBack` tells when to look again, here or past {@link Holes.skip}. */
  request(sequence: number): void {
    if (this.#blocks === undefined) {
      this.holes.add(sequence, Math.max(sequence + 1, this.#tail.firstSequence))
      this.#events.onReadBack()
    } else {
      this.#blocks.request(sequence)
    }
  }

  prefetch(sequence: number): void {
    if (sequence < this.#tail.firstSequence) this.#blocks?.prefetch(sequence)
  }

  #readFailed(segment: Segment, error: Error): void {
    this.#events.onNote('error', `cannot read ${segment.file} - ${error.message}`)
    this.#context.clock.after(READ_RETRY_MS, () => this.#events.onReadBack())
  }

  /** What the ids of the messages on disk open with. Reads the whole log: for a topic whose state is lost. */
  readIdPrefixes(): number[] {
    const { openFiles } = this.#context
    const prefixes = new Set<number>()
    for (const segment of this.#segments?.list ?? []) {
      const { descriptor } = openFiles.use(segment.file, 'read')
      const scanner = new BatchScanner(openFiles.files, descriptor, { checkFrames: true })
      while (scanner.next()) prefixes.add(readIdPrefix(scanner.frames(), MESSAGE_ID_OFFSET))
    }
    return [...prefixes]
  }

  /** Whether a message is in no hole. */
  isThere(sequence: number): boolean {
    return this.holes.skip(sequence) === sequence
  }

  /** How many messages there are from `from` up to `to`, exclusive. */
  countBetween(from: number, to: number): number {
    if (to <= from) return 0
    return to - from - this.holes.countIn(from, to)
  }

  /** Where one must begin to have the `count` newest messages below `end`. */
  countBack(end: number, count: number): number {
    let from = end - count
    for (;;) {
      const further = end - count - this.holes.countIn(from, end)
      if (further >= from) return from
      from = further
    }
  }

  /** Visits every deferred message from `from` on, in order. Reads batch headers of the segments that have any. */
  forEachDeferred(from: number, visit: (sequence: number, dueMs: number) => void): void {
    const { openFiles } = this.#context
    let reached = from
    for (const segment of this.#segments?.list ?? []) {
      if (segment.deferredBatches === 0 || segment.endSequence <= from) continue
      const file = openFiles.use(
        segment.file,
        this.#segments!.isActive(segment) ? 'append' : 'read',
      )
      const range = {
        fromByte: segment.offsetBefore(from),
        fileBytes: segment.bytes,
        lowestSequence: segment.firstSequence,
      }
      for (const { firstSequence, count, dueMs } of deferredBatches(
        openFiles.files,
        file.descriptor,
        range,
      )) {
        for (let sequence = firstSequence; sequence < firstSequence + count; sequence++) {
          if (sequence >= from) visit(sequence, dueMs)
        }
      }
      reached = Math.max(reached, segment.endSequence)
    }
    for (const chunk of this.#tail.chunks) {
      for (const [i, sequence] of chunk.deferredSequences.entries()) {
        if (sequence >= reached) visit(sequence, chunk.deferredDueMs[i]!)
      }
    }
  }

  /** Walks what is on disk from the batch with a message on, to the end of its segment; undefined where it isn't there. */
  scanFrom(sequence: number): BatchScanner | undefined {
    // Its files may be another topic's by now.
    if (this.#closed !== undefined) return undefined
    const segment = this.#segments?.find(sequence)
    if (segment === undefined) return undefined
    const { openFiles } = this.#context
    const mode = this.#segments!.isActive(segment) ? 'append' : 'read'
    const { descriptor } = openFiles.use(segment.file, mode)
    return new BatchScanner(openFiles.files, descriptor, {
      checkFrames: true,
      fromByte: segment.offsetBefore(sequence),
      fileBytes: segment.bytes,
      lowestSequence: segment.firstSequence,
    })
  }

  /** Lets go of memory that no channel will read fresh: all cursors are at or past `sequence`. */
  dropDrained(sequence: number): void {
    if (this.#segments !== undefined) this.#tail.dropDrained(sequence)
  }

  /**
   * Deletes what lies below `sequence` and is not spoken for.
   *
   * @param isNeeded whether somebody still has an unsettled message in the range, end exclusive.
   */
  release(sequence: number, isNeeded: (from: number, to: number) => boolean): void {
    if (this.#segments === undefined) {
      this.#tail.dropUnneeded(Math.min(sequence, this.visibleSequence), isNeeded)
      this.holes.dropBelow(Math.min(sequence, this.firstSequence))
      return
    }
    this.#segments.deleteBelow(Math.min(sequence, this.#writtenSequence), (segment) =>
      isNeeded(segment.firstSequence, segment.endSequence),
    )
    this.holes.dropBelow(Math.min(sequence, this.firstSequence))
  }

  /** Writes and syncs what is pending, then closes the files. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopTimer?.()
    this.#write()
    for (let i = 0; i < 3 && (this.#isSyncing || this.#unsyncedMessages > 0); i++) {
      await new Promise<void>((resolve) => {
        this.#onSyncDone = resolve
        this.#sync()
      })
    }
    this.#segments?.seal()
    this.discard()
  }

  /** Closes without writing anything: for a topic that is deleted. */
  discard(): void {
    this.#closed ??= Promise.resolve()
    this.#stopTimer?.()
    this.#blocks?.close()
    this.#segments?.close()
    this.#tail.takeBack()
    this.#tail.dropBelow(Infinity)
  }
}

/**
 * A stretch of sequence numbers for what comes after the so manieth unclean stop in a row. The process before may have
 * lost up to LOST_AT_MOST from `end` on, the ones before it as many from where they began: every second stretch, in turn.
 */
function behindLost(end: number, uncleanStops: number): number {
  let stretch = Math.ceil(end / LOST_AT_MOST) + 1
  while (stretch % (2 * STRETCHES) !== (2 * uncleanStops) % (2 * STRETCHES)) stretch += 1
  return stretch * LOST_AT_MOST
}

function describeNote(note: RecoveryNote): string {
  const range = `bytes ${note.fromByte}-${note.toByte} of ${note.file}`
  return note.what === 'cut'
    ? `cut off a torn tail: ${range}`
    : `skipped damage: ${range} hold no readable batch`
}

function describeDamage(
  segment: Segment,
  fromByte: number,
  toByte: number,
  from: number,
  to: number,
): string {
  return `skipped damage: bytes ${fromByte}-${toByte} of ${segment.file} do not check, messages ${from}-${to - 1} are lost`
}
