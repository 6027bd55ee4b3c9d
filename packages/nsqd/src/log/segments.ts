import { BATCH_HEADER_BYTES, writeBatchHeader } from './batch.ts'
import type { OpenFile, OpenFiles } from './open-files.ts'
import { Segment } from './segment.ts'
import type { Run } from './tail.ts'

/** Batches that go out in one system call; Linux takes at most 1,024 buffers, two a batch. */
const MAX_BATCHES_A_WRITE = 256

const headers = Buffer.allocUnsafeSlow(MAX_BATCHES_A_WRITE * BATCH_HEADER_BYTES)
const headerViews = Array.from({ length: MAX_BATCHES_A_WRITE }, (_, i) =>
  headers.subarray(i * BATCH_HEADER_BYTES, (i + 1) * BATCH_HEADER_BYTES),
)

/** A write failed and what it left in the file could not be cut off again. */
export class TornWriteError extends Error {
  override readonly name = 'TornWriteError'
  readonly code = 'E_TORN_WRITE'
}

/** The segment files of one topic: written at the end, deleted from the front. */
export class Segments {
  /** Ascending. */
  readonly list: Segment[]
  readonly #folder: string
  readonly #open: OpenFiles
  readonly #maxBytes: number
  readonly #syncNames: boolean
  #active: Segment | undefined
  #activeFile: OpenFile | undefined
  /** Sealed since the last sync. */
  #unsynced: Segment[] = []

  /**
   * @param list what recovery found; its last one is written on.
   * @param maxBytes a segment past this size is sealed and a new one begun.
   * @param syncNames whether a new file's name must be durable before what it holds is called so.
   */
  constructor(
    folder: string,
    open: OpenFiles,
    list: Segment[],
    options: { maxBytes: number; syncNames: boolean },
  ) {
    this.#folder = folder
    this.#open = open
    this.list = list
    this.#maxBytes = options.maxBytes
    this.#syncNames = options.syncNames
    this.#active = list.at(-1)
  }

  get endSequence(): number {
    return this.list.at(-1)?.endSequence ?? 0
  }

  get bytes(): number {
    let bytes = 0
    for (const segment of this.list) bytes += segment.bytes
    return bytes
  }

  isActive(segment: Segment): boolean {
    return segment === this.#active
  }

  /** The segment that may hold a message. */
  find(sequence: number): Segment | undefined {
    for (let i = this.list.length - 1; i >= 0; i--) {
      const segment = this.list[i]!
      if (segment.firstSequence <= sequence) {
        return sequence < segment.endSequence ? segment : undefined
      }
    }
    return undefined
  }

  /**
   * Writes the runs as one batch each, all or nothing.
   *
   * @throws what the file system says, the file then being as before; TornWriteError where it could not be cut back,
   * in which case the segment is sealed in front of the torn bytes.
   */
  write(runs: readonly Run[], count: number): void {
    const segment = this.#segmentFor(runs[0]!.firstSequence)
    let descriptor = -1
    try {
      this.#activeFile = this.#open.use(segment.file, 'append', this.#activeFile)
      descriptor = this.#activeFile.descriptor
      if (segment.bytes === 0) this.#makeEmpty(descriptor)
      for (let at = 0; at < count; at += MAX_BATCHES_A_WRITE) {
        this.#writeGroup(descriptor, runs, at, Math.min(at + MAX_BATCHES_A_WRITE, count))
      }
    } catch (error) {
      this.#cutBack(segment, descriptor, error)
      throw error
    }
    for (let i = 0; i < count; i++) {
      const run = runs[i]!
      const bytes = BATCH_HEADER_BYTES + run.end - run.start
      segment.addBatch(bytes, run.firstSequence, run.count, run.dueMs > 0)
    }
  }

  /** What a failed write left of a segment that could not even be removed. */
  #makeEmpty(descriptor: number): void {
    const { files } = this.#open
    if (files.size(descriptor) > 0) files.truncate(descriptor, 0)
  }

  #writeGroup(descriptor: number, runs: readonly Run[], from: number, to: number): void {
    const buffers: Uint8Array[] = []
    let bytes = 0
    for (let i = from; i < to; i++) {
      const { chunk, start, end, count, firstSequence, dueMs } = runs[i]!
      const frames = chunk.bytes.subarray(start, end)
      const slot = i - from
      writeBatchHeader(headers, slot * BATCH_HEADER_BYTES, frames, count, firstSequence, dueMs)
      buffers.push(headerViews[slot]!, frames)
      bytes += BATCH_HEADER_BYTES + frames.length
    }
    let written = this.#open.files.writev(descriptor, buffers)
    while (written < bytes) {
      const rest = skipBytes(buffers, written)
      const more = this.#open.files.writev(descriptor, rest)
      if (more === 0) throw new Error('the file system took none of the bytes')
      written += more
    }
  }

  #cutBack(segment: Segment, descriptor: number, cause: unknown): void {
    try {
      if (segment.bytes === 0) this.#dropEmpty(segment)
      else if (descriptor !== -1) this.#open.files.truncate(descriptor, segment.bytes)
    } catch {
      const { message } = cause as Error
      throw new TornWriteError(`${message}, and ${segment.file} ends in a torn batch`, { cause })
    } finally {
      this.seal()
    }
  }

  /** Ends the active segment; the next write begins a new one. */
  seal(): void {
    const segment = this.#active
    if (segment === undefined) return
    this.#active = undefined
    this.#activeFile = undefined
    if (segment.bytes === 0) return
    this.#unsynced.push(segment)
    try {
      segment.writeIndex(this.#open.files, false)
    } catch {
      // A missing index is rebuilt when it is wanted; a full disk shows itself at the next write.
    }
  }

  /** Seals, and gives up syncing what is not synced: that has failed. */
  abandonUnsynced(): void {
    this.seal()
    this.#unsynced = []
  }

  #segmentFor(firstSequence: number): Segment {
    if (this.#active !== undefined && this.#active.bytes >= this.#maxBytes) this.seal()
    if (this.#active !== undefined) return this.#active
    const segment = new Segment(this.#folder, firstSequence)
    this.#open.files.makeFolder(this.#folder)
    this.list.push(segment)
    this.#active = segment
    return segment
  }

  /** Brings everything written so far to the device. One at a time; `done` gets the first error. */
  syncLater(done: (error: Error | null) => void): void {
    const segments = [...this.#unsynced]
    if (this.#active !== undefined) segments.push(this.#active)
    this.#unsynced = []
    let left = segments.length
    let failure: Error | null = null
    if (left === 0) {
      setImmediate(() => done(null))
      return
    }
    for (const segment of segments) {
      this.#syncSegment(segment, (error) => {
        failure ??= error
        left -= 1
        if (left === 0) done(failure)
      })
    }
  }

  #syncSegment(segment: Segment, done: (error: Error | null) => void): void {
    let file: OpenFile
    try {
      file = this.#open.use(segment.file, 'append')
      if (this.#syncNames && !segment.isNameSynced) {
        this.#open.files.syncFolder(this.#folder)
        segment.isNameSynced = true
      }
    } catch (error) {
      setImmediate(() => done(error as Error))
      return
    }
    this.#open.pin(file)
    this.#open.files.syncLater(file.descriptor, (error) => {
      this.#open.unpin(file)
      done(error)
    })
  }

  /** Deletes sealed segments that end at or below `sequence` and that `isNeeded` does not speak for. */
  deleteBelow(sequence: number, isNeeded: (segment: Segment) => boolean): void {
    for (const segment of this.list.slice()) {
      if (segment.endSequence > sequence || segment === this.#active) break
      if (!isNeeded(segment)) this.#drop(segment)
    }
  }

  #drop(segment: Segment): void {
    this.#forget(segment)
    this.#open.files.remove(segment.indexFile)
    this.#open.files.removeLater(segment.file)
  }

  /** At once, since the next write may make a file of the same name. */
  #dropEmpty(segment: Segment): void {
    this.#forget(segment)
    this.#open.files.remove(segment.file)
  }

  #forget(segment: Segment): void {
    const at = this.list.indexOf(segment)
    if (at !== -1) this.list.splice(at, 1)
    this.#unsynced = this.#unsynced.filter((other) => other !== segment)
    this.#open.forget(segment.file)
  }

  close(): void {
    this.#activeFile = undefined
    for (const segment of this.list) this.#open.forget(segment.file)
  }
}

/** What of `buffers` is left after their first `bytes`. */
function skipBytes(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let left = bytes
  for (const buffer of buffers) {
    if (left >= buffer.length) {
      left -= buffer.length
      continue
    }
    rest.push(left === 0 ? buffer : buffer.subarray(left))
    left = 0
  }
  return rest
}
