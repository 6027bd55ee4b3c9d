import path from 'node:path'

import { idPrefix, EPOCH_LIMIT, readUint32, type TimestampNs } from '@tsq/protocol'

import { encodeCheckpoint } from '../checkpoint.ts'
import { SystemClock } from '../clock.ts'
import { ChunkPool } from '../log/chunk-pool.ts'
import { LogFigures } from '../log/figures.ts'
import type { LogFiles } from '../log/files.ts'
import { OpenFiles } from '../log/open-files.ts'
import { TopicLog } from '../log/topic-log.ts'
import type { TopicFolder } from '../topic-folder.ts'
import { doAll } from '../steps.ts'
import { UnsettledMessages } from '../unsettled.ts'
import { Backlog } from './backlog.ts'
import type { DiskQueue, OldTopic } from './queue-files.ts'
import { RecordReader } from './record-reader.ts'
import { LENGTH_BYTES, RECORD_HEADER_BYTES, type UnreadRange } from './record-scanner.ts'

const COMMIT_BYTES = 1024 * 1024
const TAIL_BYTES = 4 * 1024 * 1024
const OPEN_FILES = 16
/** Lets the process breathe after so many messages. */
const STRETCH = 20_000

/** What became of a topic. */
export interface ImportedTopic {
  readonly name: string
  readonly messages: number
  readonly channels: readonly { readonly name: string; readonly owed: number }[]
  readonly unread: readonly UnreadRange[]
}

/** Where messages go in the log: those below all cursors, those of channels, those that the topic still held. */
const SECTIONS = ['delivered', 'channels', 'topic'] as const
type Section = (typeof SECTIONS)[number]

/** A message that stands in one queue or several: rows `from`…`to` (exclusive) of the order. */
interface Message {
  readonly from: number
  readonly to: number
  readonly section: Section
}

/**
 * Makes one log and its channels' checkpoints of the queues of a topic: docs/adr/0004-coming-over-from-nsqd.md says how.
 * The folder is a draft: it becomes a topic by the caller's renaming it.
 */
export class TopicImport {
  readonly #folder: TopicFolder
  readonly #old: OldTopic
  readonly #queues: readonly DiskQueue[]
  readonly #files: LogFiles
  readonly #prefix: number
  readonly #maxBytesPerFile: number
  readonly #backlog = new Backlog()
  readonly #channelNames: string[]
  /** By channel: sequence numbers and attempts of what it owes outside of the topic's section. */
  readonly #owed: { readonly sequences: number[]; readonly attempts: number[] }[]
  #order = new Uint32Array(0)

  constructor(
    folder: TopicFolder,
    old: OldTopic,
    queues: readonly DiskQueue[],
    shared: { files: LogFiles; nodeId: number; maxBytesPerFile: number },
  ) {
    this.#folder = folder
    this.#old = old
    this.#queues = queues
    this.#files = shared.files
    this.#prefix = idPrefix(shared.nodeId, folder.epoch % EPOCH_LIMIT)
    this.#maxBytesPerFile = shared.maxBytesPerFile
    this.#channelNames = old.channels.map(({ name }) => name)
    this.#owed = this.#channelNames.map(() => ({ sequences: [], attempts: [] }))
  }

  /** Yields bytes done, each byte counting once read and once written. @throws what the disk says. */
  async *run(): AsyncGenerator<number, ImportedTopic> {
    for (const queue of this.#queues) {
      const number = queue.channel === undefined ? 0 : this.#channelNames.indexOf(queue.channel) + 1
      for (const bytes of this.#backlog.addQueue(queue, number)) {
        yield bytes
        await pause()
      }
    }
    this.#order = this.#backlog.inOrder()
    const log = this.#openLog()
    const reader = new RecordReader()
    let topicStart = 1
    let pending = 0
    let stretch = 0
    try {
      for (const section of SECTIONS) {
        if (section === 'topic') topicStart = log.appendedSequence
        for (const message of this.#messages(section)) {
          const bytes = this.#append(log, reader, message)
          pending += bytes
          stretch += 1
          if (pending >= COMMIT_BYTES || stretch >= STRETCH) {
            commit(log)
            yield pending
            pending = 0
            stretch = 0
            await pause()
          }
        }
      }
      commit(log)
      yield pending
    } finally {
      reader.close()
      await log.close()
    }
    if (log.failure !== undefined) throw log.failure
    return this.#finish(log.appendedSequence, topicStart)
  }

  #openLog(): TopicLog {
    const context = {
      pool: new ChunkPool(TAIL_BYTES),
      openFiles: new OpenFiles(this.#files, OPEN_FILES),
      clock: new SystemClock(),
      figures: new LogFigures(),
      options: {
        ackAfter: 'write' as const,
        maxBytesPerFile: this.#maxBytesPerFile,
        syncEvery: Number.MAX_SAFE_INTEGER,
        syncTimeoutMs: 60_000,
        tailBytes: TAIL_BYTES,
      },
    }
    const events = {
      onAcked: (): void => undefined,
      onReadBack: (): void => undefined,
      // A write that fails is thrown by whoever commits.
      onNote: (): void => undefined,
    }
    return new TopicLog(this.#folder.path, context, events)
  }

  /** The messages of a section, each once, in the order of publishing. */
  *#messages(wanted: Section): Generator<Message> {
    const order = this.#order
    for (let from = 0; from < order.length;) {
      let to = from + 1
      while (to < order.length && this.#backlog.isSameMessage(order[from]!, order[to]!)) to += 1
      const section = this.#sectionOf(from, to)
      if (section === wanted) yield { from, to, section }
      from = to
    }
  }

  #sectionOf(from: number, to: number): Section {
    const { queues, attempts } = this.#backlog
    // The topic's rows come first. After a kill, what it held may stand in channels' queues as well.
    if (queues[this.#order[from]!] === 0) return 'topic'
    for (let i = from; i < to; i++) if (attempts[this.#order[i]!]! > 0) return 'delivered'
    return 'channels'
  }

  #append(log: TopicLog, reader: RecordReader, { from, to, section }: Message): number {
    const { files, fileNumbers, offsets, lengths, queues, attempts } = this.#backlog
    const row = this.#order[from]!
    const bytes = LENGTH_BYTES + lengths[row]!
    const record = reader.read(files[fileNumbers[row]!]!.file, offsets[row]!, bytes)
    const timestamp: TimestampNs = {
      high: readUint32(record, LENGTH_BYTES),
      low: readUint32(record, LENGTH_BYTES + 4),
    }
    const sequence = log.appendedSequence
    log.append(record, RECORD_HEADER_BYTES, bytes, timestamp, this.#prefix, 0)
    let copies = 0
    for (let i = from; i < to; i++) {
      const owner = this.#order[i]!
      copies += LENGTH_BYTES + lengths[owner]!
      if (section === 'topic') continue
      const owed = this.#owed[queues[owner]! - 1]!
      // The same message twice in one queue: the later attempt counts.
      if (owed.sequences.at(-1) === sequence) {
        const last = owed.attempts.length - 1
        owed.attempts[last] = Math.max(owed.attempts[last]!, attempts[owner]!)
        continue
      }
      owed.sequences.push(sequence)
      owed.attempts.push(attempts[owner]!)
    }
    return copies
  }

  #finish(end: number, topicStart: number): ImportedTopic {
    const channels = this.#old.channels.map(({ name, isPaused }, i) => {
      const { sequences, attempts } = this.#owed[i]!
      const count = sequences.length
      // What lies at the end and is owed without a gap needs no list: the cursor stands before it.
      let cursor = topicStart
      let listed = count
      while (listed > 0 && sequences[listed - 1] === cursor - 1 && attempts[listed - 1] === 0) {
        listed -= 1
        cursor -= 1
      }
      const unsettled = new UnsettledMessages(listed)
      for (let at = 0; at < listed; at++) unsettled.push(sequences[at]!, 0, attempts[at]!)
      const checkpoint = { cursor, absorbed: end, isPaused, unsettled }
      doAll(this.#folder.writeChannelInSteps(name, encodeCheckpoint(checkpoint), true))
      return { name, owed: count + end - topicStart }
    })
    this.#folder.writeState({
      isPaused: this.#old.isPaused,
      releasedSequence: topicStart,
      holes: [],
      idPrefixes: [this.#prefix],
    })
    const { name } = this.#old
    const imported = { name, messages: end - 1, channels, unread: this.#backlog.unread }
    const text = `${JSON.stringify(imported, undefined, 2)}\n`
    this.#files.replace(path.join(this.#folder.path, IMPORTED_FILE), Buffer.from(text), true)
    return imported
  }
}

/** In the folder of a topic that was imported: what became of it. */
export const IMPORTED_FILE = 'imported.json'

function commit(log: TopicLog): void {
  log.commit()
  if (log.failure !== undefined) throw log.failure
}

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
