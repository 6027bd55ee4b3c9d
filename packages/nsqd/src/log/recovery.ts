import path from 'node:path'

import type { LogFiles } from './files.ts'
import type { Holes } from './holes.ts'
import { parseSegmentName, Segment } from './segment.ts'

/** What recovery found wrong with a segment; for the log and for `tsq check`. */
export interface RecoveryNote {
  readonly file: string
  readonly fromByte: number
  readonly toByte: number
  /** `cut`: a torn tail, cut off. `skipped`: damage with sound batches behind it, stepped over and left in the file. */
  readonly what: 'cut' | 'skipped'
}

export interface Recovered {
  /** Ascending. */
  readonly segments: Segment[]
  readonly notes: readonly RecoveryNote[]
}

/**
 * Opens the segments in a folder. The last one, which may have been torn, is read whole; of the others the index, or,
 * where that is missing, the batch headers. Sequence numbers that nobody bears are added to `holes`.
 *
 * A torn tail is cut off; damage with sound batches behind it is stepped over. Nothing else is changed.
 */
export function recoverSegments(files: LogFiles, folder: string, holes: Holes): Recovered {
  const firsts: number[] = []
  for (const name of files.list(folder)) {
    const first = parseSegmentName(name)
    if (first !== undefined) firsts.push(first)
  }
  firsts.sort((a, b) => a - b)
  const segments: Segment[] = []
  const notes: RecoveryNote[] = []
  for (const [i, first] of firsts.entries()) {
    const segment = new Segment(folder, first)
    openSegment(files, segment, firsts[i + 1], notes)
    if (segment.bytes === 0) {
      files.remove(segment.file)
      files.remove(segment.indexFile)
      continue
    }
    const previous = segments.at(-1)
    if (previous !== undefined) holes.add(previous.endSequence, first)
    segments.push(segment)
  }
  return { segments, notes }
}

function openSegment(
  files: LogFiles,
  segment: Segment,
  next: number | undefined,
  notes: RecoveryNote[],
): void {
  const isLast = next === undefined
  const descriptor = files.open(segment.file, isLast ? 'append' : 'read')
  try {
    const fileBytes = files.size(descriptor)
    if (!isLast && segment.readIndex(files, fileBytes)) return
    for (const damage of segment.scan(files, descriptor, isLast)) {
      const { fromByte, toByte, isTail } = damage
      const isCut = isTail && isLast
      if (isCut) files.truncate(descriptor, fromByte)
      notes.push({
        file: path.basename(segment.file),
        fromByte,
        toByte,
        what: isCut ? 'cut' : 'skipped',
      })
    }
    if (!isLast && segment.bytes === 0) segment.coverUnreadable(fileBytes, next)
  } finally {
    files.close(descriptor)
  }
}
