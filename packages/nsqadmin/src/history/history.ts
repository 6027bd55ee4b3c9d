import type { Figures } from '../sampler/figures.ts'
import { HistorySeries, hourOf, type Resolution } from './series.ts'

/** How often it is looked at which series deserve their place. */
const REVIEW_MS = 60_000
/** Share of the old in what counts as busy: some five minutes. */
const MEMORY = 0.98

/** Of what a series is the history. */
export type SubjectKind = 'node' | 'topic' | 'channel'

export interface Subject {
  readonly kind: SubjectKind
  /** One of a kind: a node's address, a topic's name, `topic/channel`. */
  readonly key: string
  readonly figures: Figures
}

interface Kept {
  readonly kind: SubjectKind
  readonly key: string
  readonly series: HistorySeries
  /** Messages a second, smoothed. */
  activity: number
  recordedAt: number
}

const KIND_ORDER: readonly SubjectKind[] = ['node', 'topic', 'channel']

/**
 * What was sampled, in memory: an hour by sample and a day by minute. There is room for so many series besides the
 * cluster's; when there are more to keep, idle ones go first, channels before topics before nodes, then the least busy.
 */
export class History {
  readonly #hour: Resolution
  readonly #maxSeries: number
  readonly cluster: HistorySeries
  readonly #kept = new Map<string, Kept>()
  #reviewedAt = 0

  constructor(sampleIntervalMs: number, maxSeries: number) {
    this.#hour = hourOf(sampleIntervalMs)
    this.#maxSeries = maxSeries
    this.cluster = new HistorySeries(this.#hour)
  }

  get seriesCount(): number {
    return this.#kept.size
  }

  /** Of all points. */
  get bytes(): number {
    let bytes = this.cluster.bytes
    for (const { series } of this.#kept.values()) bytes += series.bytes
    return bytes
  }

  /** Undefined for what is unknown, and for what there was no room for. */
  find(kind: SubjectKind, key: string): HistorySeries | undefined {
    return this.#kept.get(`${kind} ${key}`)?.series
  }

  record(timeMs: number, cluster: Figures, subjects: Iterable<Subject>): void {
    this.cluster.record(timeMs, cluster)
    const isReview = timeMs - this.#reviewedAt >= REVIEW_MS
    const newcomers: Subject[] = []
    for (const subject of subjects) {
      const kept = this.#kept.get(`${subject.kind} ${subject.key}`)
      if (kept === undefined) {
        newcomers.push(subject)
        continue
      }
      kept.activity = kept.activity * MEMORY + activityOf(subject.figures) * (1 - MEMORY)
      kept.recordedAt = timeMs
      kept.series.record(timeMs, subject.figures)
    }
    if (isReview) {
      this.#reviewedAt = timeMs
      this.#makeRoom(newcomers, timeMs)
    }
    this.#admit(newcomers, timeMs)
  }

  #admit(newcomers: Subject[], timeMs: number): void {
    const room = this.#maxSeries - this.#kept.size
    if (room <= 0 || newcomers.length === 0) return
    const chosen =
      newcomers.length <= room ? newcomers : newcomers.toSorted(compareSubjects).slice(0, room)
    for (const { kind, key, figures } of chosen) {
      const series = new HistorySeries(this.#hour)
      series.record(timeMs, figures)
      const activity = activityOf(figures)
      this.#kept.set(`${kind} ${key}`, { kind, key, series, activity, recordedAt: timeMs })
    }
  }

  /** Lets go of what is gone for a day, and of the least busy where busier ones wait outside. */
  #makeRoom(newcomers: readonly Subject[], timeMs: number): void {
    const oldest = timeMs - 24 * 3_600_000
    for (const [id, { recordedAt }] of this.#kept) if (recordedAt < oldest) this.#kept.delete(id)
    if (this.#kept.size + newcomers.length <= this.#maxSeries) return
    const waiting = newcomers.filter(({ figures }) => figures.isBusy).toSorted(compareSubjects)
    const idle = [...this.#kept.entries()].toSorted(([, a], [, b]) => compareKept(b, a))
    for (const [i, subject] of waiting.entries()) {
      const [id, kept] = idle[i] ?? []
      if (id === undefined || kept === undefined) return
      // Half as busy is not worth losing a day's history for.
      const worth = { kind: subject.kind, activity: activityOf(subject.figures) / 2 }
      if (compareKept(worth, kept) >= 0) return
      this.#kept.delete(id)
    }
  }
}

function activityOf({ publish, deliver, depth }: Figures): number {
  return publish + deliver + Math.log10(1 + depth)
}

type Rank = Pick<Kept, 'kind' | 'activity'>

/** Who deserves a place more comes first. */
function compareKept(a: Rank, b: Rank): number {
  const idle = Number(a.activity < IDLE) - Number(b.activity < IDLE)
  return idle || KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) || b.activity - a.activity
}

const IDLE = 1e-3

function compareSubjects(a: Subject, b: Subject): number {
  return compareKept(
    { kind: a.kind, activity: activityOf(a.figures) },
    { kind: b.kind, activity: activityOf(b.figures) },
  )
}
