import { frameBytesAt, MESSAGE_ID_OFFSET, readSequenceBits, SEQUENCE_MODULUS } from '@tsq/protocol'

import type { LogFiles } from '../log/files.ts'
import { BatchScanner, type Damage } from '../log/scan.ts'
import { Segment } from '../log/segment.ts'
import type { Ranges } from './ranges.ts'

/** What a segment holds, and what is wrong with it. */
export interface SegmentReport {
  readonly file: string
  readonly firstSequence: number
  /** Sequence number after its last message; the first one where there is none. */
  readonly endSequence: number
  readonly bytes: number
  readonly deferredBatches: number
  readonly damages: readonly Damage[]
  /** Sentences about batches that check but cannot be. */
  readonly oddities: readonly string[]
  /** Whether the index file says the same; undefined where it is missing or of no use. */
  readonly isIndexRight: boolean | undefined
}

/** Walks every batch and every message of a segment. Only reads. */
export function checkSegment(
  files: LogFiles,
  segment: Segment,
  present: Ranges,
  idPrefixes: readonly number[],
): SegmentReport {
  const descriptor = files.open(segment.file, 'read')
  try {
    const bytes = files.size(descriptor)
    const scanner = new BatchScanner(files, descriptor, { checkFrames: true, fileBytes: bytes })
    const oddities: string[] = []
    let end = segment.firstSequence
    let deferredBatches = 0
    while (scanner.next()) {
      const { firstSequence, count, dueMs } = scanner.header
      if (firstSequence < end) {
        oddities.push(
          `the batch at byte ${scanner.offset} begins at message ${firstSequence} again`,
        )
        continue
      }
      const wrong = findWrongId(scanner.frames(), firstSequence, count, idPrefixes)
      if (wrong !== -1) oddities.push(`message ${wrong} bears the id of another`)
      present.add(firstSequence, firstSequence + count)
      end = firstSequence + count
      if (dueMs > 0) deferredBatches += 1
    }
    return {
      file: segment.file,
      firstSequence: segment.firstSequence,
      endSequence: end,
      bytes,
      deferredBatches,
      damages: scanner.damages,
      oddities,
      isIndexRight: compareIndex(files, segment, { bytes, end, deferredBatches }),
    }
  } finally {
    files.close(descriptor)
  }
}

/** What of a segment its index tells, or where that is no use its batch headers. */
export function readSegment(files: LogFiles, segment: Segment, present: Ranges): SegmentReport {
  const descriptor = files.open(segment.file, 'read')
  try {
    const bytes = files.size(descriptor)
    const scanner = new BatchScanner(files, descriptor, { checkFrames: false, fileBytes: bytes })
    let end = segment.firstSequence
    let deferredBatches = 0
    while (scanner.next()) {
      const { firstSequence, count, dueMs } = scanner.header
      if (firstSequence < end) continue
      present.add(firstSequence, firstSequence + count)
      end = firstSequence + count
      if (dueMs > 0) deferredBatches += 1
    }
    const { damages } = scanner
    const { file, firstSequence } = segment
    const counts = { bytes, deferredBatches, damages, oddities: [], isIndexRight: undefined }
    return { file, firstSequence, endSequence: end, ...counts }
  } finally {
    files.close(descriptor)
  }
}

function compareIndex(
  files: LogFiles,
  segment: Segment,
  found: { bytes: number; end: number; deferredBatches: number },
): boolean | undefined {
  const indexed = new Segment('', segment.firstSequence)
  const isUsable = indexed.readIndex(
    { readWhole: () => files.readWhole(segment.indexFile) },
    found.bytes,
  )
  if (!isUsable) return undefined
  return indexed.endSequence === found.end && indexed.deferredBatches === found.deferredBatches
}

/** The first message of a batch whose id does not lead back to it, or -1. */
function findWrongId(
  frames: Buffer,
  firstSequence: number,
  count: number,
  idPrefixes: readonly number[],
): number {
  let at = 0
  for (let sequence = firstSequence; sequence < firstSequence + count; sequence++) {
    const bits = sequence % SEQUENCE_MODULUS
    const offset = at + MESSAGE_ID_OFFSET
    if (!idPrefixes.some((prefix) => readSequenceBits(frames, offset, prefix) === bits)) {
      return sequence
    }
    at += frameBytesAt(frames, at)
  }
  return -1
}
