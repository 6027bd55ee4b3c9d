import path from 'node:path'

import type { TopicName } from '@tsq/protocol'

import { type ChannelCheckpoint, decodeCheckpoint } from '../checkpoint.ts'
import type { LogFiles } from '../log/files.ts'
import { Holes } from '../log/holes.ts'
import { parseSegmentName, Segment } from '../log/segment.ts'
import { decodeState, STATE_FILE, TopicFolder, type TopicState } from '../topic-folder.ts'
import { Ranges } from './ranges.ts'
import type { ChannelReport, Finding, TopicReport } from './report.ts'
import { checkSegment, readSegment, type SegmentReport } from './segment-check.ts'

const NO_STATE: TopicState = { isPaused: false, releasedSequence: 1, holes: [], idPrefixes: [] }

/** Looks at the folder of one topic, file by file, without changing anything. */
export class TopicCheck {
  readonly name: TopicName
  readonly findings: Finding[] = []
  readonly #files: LogFiles
  readonly #folder: string
  readonly #isDeep: boolean
  readonly #wasKilled: boolean
  readonly #present = new Ranges()
  readonly #holes = new Holes()
  readonly #reports: SegmentReport[] = []

  /**
   * @param how `isDeep`: everything is read and checked; otherwise what headers and indexes tell is enough.
   *   `isMarkedRunning`: the last nsqd did not stop in order, so that an end cut off in the middle of a write is as it may be.
   */
  constructor(
    files: LogFiles,
    folder: string,
    name: TopicName,
    how: { readonly isDeep: boolean; readonly isMarkedRunning: boolean },
  ) {
    this.#files = files
    this.#folder = folder
    this.name = name
    this.#isDeep = how.isDeep
    this.#wasKilled = how.isMarkedRunning
  }

  /** Yields after each segment with the bytes it had. */
  *run(): Generator<number, TopicReport> {
    const content = this.#files.readWhole(path.join(this.#folder, STATE_FILE))
    const state = decodeState(content)
    if (state === undefined) {
      this.#problem(
        STATE_FILE,
        content === undefined ? 'is missing' : 'is damaged',
        'leaves the topic unpaused',
      )
    }
    const { isPaused, holes, idPrefixes } = state ?? NO_STATE
    for (const [from, to] of holes) this.#holes.add(from, to)
    const firsts = this.#listSegments()
    for (const [i, first] of firsts.entries()) {
      const segment = new Segment(this.#folder, first)
      const report = this.#isDeep
        ? checkSegment(this.#files, segment, this.#present, idPrefixes)
        : readSegment(this.#files, segment, this.#present)
      this.#tell(report, i === firsts.length - 1)
      this.#reports.push(report)
      yield report.bytes
    }
    const channels = this.#checkChannels(state ?? NO_STATE)
    const last = this.#reports.at(-1)
    return {
      name: this.name,
      isPaused,
      segments: this.#reports.length,
      bytes: sum(this.#reports, ({ bytes }) => bytes),
      messages: this.#present.count,
      deferredBatches: sum(this.#reports, ({ deferredBatches }) => deferredBatches),
      firstSequence: this.#reports[0]?.firstSequence ?? 0,
      endSequence: last?.endSequence ?? 0,
      channels,
    }
  }

  #listSegments(): number[] {
    const names = this.#files.list(this.#folder)
    const firsts: number[] = []
    for (const name of names) {
      const first = parseSegmentName(name)
      if (first !== undefined) firsts.push(first)
      else if (name.endsWith('.index') && !names.includes(name.replace(/index$/, 'log'))) {
        this.#note(name, 'belongs to no segment')
      }
    }
    return firsts.toSorted((a, b) => a - b)
  }

  #tell(report: SegmentReport, isLast: boolean): void {
    const name = path.basename(report.file)
    const previous = this.#reports.at(-1)
    if (report.bytes === 0) this.#note(name, 'is empty: a start removes it')
    if (previous !== undefined && report.firstSequence < previous.endSequence) {
      this.#problem(name, `begins at message ${report.firstSequence}, before the last one ends`)
    }
    for (const { fromByte, toByte, isTail } of report.damages) {
      const range = `bytes ${fromByte}-${toByte} hold no readable batch`
      const isCut = isTail && isLast
      if (isCut && this.#wasKilled) this.#note(name, `${range}: a start cuts them off`)
      else if (isCut) this.#problem(name, range, 'cuts them off')
      else this.#problem(name, range, 'skips them and leaves them in the file')
    }
    for (const oddity of report.oddities) this.#problem(name, oddity)
    if (report.isIndexRight === false) {
      this.#problem(name.replace(/log$/, 'index'), 'does not say what the segment holds')
    }
  }

  #checkChannels(state: TopicState): ChannelReport[] {
    const folder = new TopicFolder(this.#files, this.#folder, this.name, 0, state, false)
    const channels: ChannelReport[] = []
    for (const [name, content] of folder.readChannels()) {
      const checkpoint = decodeCheckpoint(content)
      if (checkpoint === undefined) {
        this.#problem(`channel ${name}`, 'has a damaged checkpoint', 'begins at the oldest message')
        const owed = this.#present.count
        channels.push({ name, isPaused: false, owed, deferred: 0, cursor: 0 })
      } else {
        channels.push(this.#checkChannel(name, checkpoint))
      }
    }
    return channels.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  #checkChannel(name: string, { cursor, unsettled, isPaused }: ChannelCheckpoint): ChannelReport {
    let behind = 0
    let missing = 0
    let deferred = 0
    for (let i = 0; i < unsettled.length; i++) {
      const sequence = unsettled.sequence[i]!
      const isThere = this.#present.has(sequence)
      if (!isThere && this.#holes.skip(sequence) === sequence) missing += 1
      // What is deferred ahead of the cursor is counted with what lies there.
      if (isThere && sequence < cursor) behind += 1
      if (unsettled.dueMs[i]! > 0) deferred += 1
    }
    if (missing > 0) {
      this.#problem(`channel ${name}`, `owes ${missing} messages that are in no segment`)
    }
    const ahead = this.#present.countFrom(cursor) - this.#holesFrom(cursor)
    return { name, isPaused, owed: ahead + behind, deferred, cursor }
  }

  /** Messages at or after the cursor that were dropped by an operator. */
  #holesFrom(cursor: number): number {
    let count = 0
    for (const [from, to] of this.#holes.ranges()) {
      count += this.#present.countFrom(Math.max(from, cursor))
      count -= this.#present.countFrom(Math.max(to, cursor))
    }
    return count
  }

  #problem(where: string, text: string, startDoes?: string): void {
    const does = startDoes === undefined ? '' : `: a start ${startDoes}`
    this.findings.push({ severity: 'problem', where: this.#place(where), text: text + does })
  }

  #note(where: string, text: string): void {
    this.findings.push({ severity: 'note', where: this.#place(where), text })
  }

  #place(where: string): string {
    return `topics/${path.basename(this.#folder)}/${where}`
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
