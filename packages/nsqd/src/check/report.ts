/** Something that a look at a data path found. */
export interface Finding {
  /** `problem`: messages or states are lost or damaged. `note`: a start sets it right, or it is as it may be. */
  readonly severity: 'problem' | 'note'
  /** The file or folder, below the data path. */
  readonly where: string
  readonly text: string
}

export interface ChannelReport {
  readonly name: string
  readonly isPaused: boolean
  /** Messages it owes: not delivered, or delivered and not finished. */
  readonly owed: number
  /** Those of them that wait for a due time, as far as its checkpoint tells. */
  readonly deferred: number
  /** The next message never delivered. */
  readonly cursor: number
}

export interface TopicReport {
  readonly name: string
  readonly isPaused: boolean
  readonly segments: number
  readonly bytes: number
  readonly messages: number
  readonly deferredBatches: number
  /** Sequence numbers of the log; equal where it is empty. */
  readonly firstSequence: number
  readonly endSequence: number
  readonly channels: readonly ChannelReport[]
}

export interface DataPathReport {
  readonly dataPath: string
  readonly topics: readonly TopicReport[]
  readonly findings: readonly Finding[]
  /** An nsqd runs here, or the last one did not stop in order. */
  readonly isMarkedRunning: boolean
  readonly bytes: number
  readonly messages: number
}

/** How far a look at a data path is. */
export interface Progress {
  readonly topic: string
  readonly doneBytes: number
  readonly totalBytes: number
}
