import { isEphemeralName, type TopicName } from '@tsq/protocol'

import { Alarms } from './alarms.ts'
import { Checkpointer } from './checkpointer.ts'
import type { Clock } from './clock.ts'
import type { ChannelLimits, LogChannel } from './log-channel.ts'
import { LogTopic, type TopicHost } from './log-topic.ts'
import { ChunkPool } from './log/chunk-pool.ts'
import { LogFigures } from './log/figures.ts'
import type { LogFiles } from './log/files.ts'
import { OpenFiles } from './log/open-files.ts'
import type { LogContext } from './log/topic-log.ts'
import type { NsqdOptions } from './options.ts'
import { PublishFailure } from './topic.ts'
import { type TopicFolder, TopicFolders } from './topic-folder.ts'
import { prefersNear } from './topology.ts'
import { Turn } from './turn.ts'

const PROBE_INTERVAL_MS = 1_000

/** Where topics report what an operator should know. */
export type Note = (level: 'info' | 'warn' | 'error', text: string) => void

/** Who is told of topics and channels that come and go after the start. */
export interface TopicWatcher {
  topicCreated(topic: LogTopic): void
  /** Its channels go with it, without a word on each. */
  topicDeleted(topic: LogTopic): void
  channelCreated(topic: LogTopic, channel: LogChannel): void
  channelDeleted(topic: LogTopic, channel: LogChannel): void
}

/** All topics of an nsqd, and what they share: memory, files, timers, the turn. No sockets. */
export class Topics implements TopicHost {
  readonly clock: Clock
  readonly turn: Turn
  readonly alarms: Alarms
  readonly logContext: LogContext
  readonly channelLimits: ChannelLimits
  readonly nodeId: number
  readonly note: Note
  watcher: TopicWatcher | undefined
  readonly #files: LogFiles
  readonly #folders: TopicFolders
  readonly #topics = new Map<TopicName, LogTopic>()
  readonly #byTopic = new Map<LogTopic, TopicFolder>()
  readonly #checkpointer: Checkpointer
  /** Publishes are refused. */
  isDraining = false
  #isProbing = false

  /**
   * Opens what is at `options.dataPath`, which the caller has locked.
   *
   * @throws what the file system says.
   */
  constructor(
    options: NsqdOptions,
    shared: { files: LogFiles; clock: Clock; turn?: Turn; note: Note },
  ) {
    const { files, clock } = shared
    this.clock = clock
    this.note = shared.note
    this.turn = shared.turn ?? new Turn()
    this.alarms = new Alarms(clock)
    this.nodeId = options.nodeId
    this.#files = files
    this.#checkpointer = new Checkpointer(clock)
    this.channelLimits = {
      maxMsgTimeoutMs: options.maxMsgTimeoutMs,
      maxChannelConsumers: options.maxChannelConsumers,
      memQueueSize: options.memQueueSize,
      prefersNear: prefersNear(options),
      latencyWindowMs:
        options.e2eLatencyPercentiles.length > 0 ? options.e2eLatencyWindowMs : undefined,
    }
    this.logContext = {
      pool: new ChunkPool(options.tailBytes),
      openFiles: new OpenFiles(files, options.maxOpenFiles),
      clock,
      figures: new LogFigures(),
      options: {
        ackAfter: options.ackAfter,
        maxBytesPerFile: options.maxBytesPerFile,
        syncEvery: options.syncEvery,
        syncTimeoutMs: options.syncTimeoutMs,
        tailBytes: options.tailBytesPerTopic,
      },
    }
    this.#folders = new TopicFolders(files, options.dataPath, options.ackAfter === 'fsync')
    const uncleanStops = this.#folders.begin()
    if (uncleanStops > 0) this.note('warn', 'the last nsqd on this data path did not stop in order')
    const damaged = (text: string): void => this.note('error', text)
    for (const folder of this.#folders.open(damaged)) this.#open(folder, uncleanStops)
  }

  get size(): number {
    return this.#topics.size
  }

  /** Sorted by name. */
  list(): LogTopic[] {
    return [...this.#topics.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): LogTopic | undefined {
    return this.#topics.get(name as TopicName)
  }

  /**
   * The topic, made if it is not there.
   *
   * @throws {PublishFailure} when the disk does not take it.
   */
  topic(name: TopicName): LogTopic {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    if (this.isDraining) throw new PublishFailure('draining')
    this.note('info', `TOPIC(${name}): created`)
    try {
      const topic = isEphemeralName(name)
        ? new LogTopic(name, this, undefined, this.#folders.ephemeralEpoch(), 0)
        : this.#open(this.#folders.create(name), 0)
      this.#topics.set(name, topic)
      this.watcher?.topicCreated(topic)
      return topic
    } catch (error) {
      this.note('error', `TOPIC(${name}): cannot be created - ${(error as Error).message}`)
      throw new PublishFailure((error as Error).message, { cause: error })
    }
  }

  #open(folder: TopicFolder, uncleanStops: number): LogTopic {
    const topic = new LogTopic(folder.name, this, folder, folder.epoch, uncleanStops)
    this.#topics.set(folder.name, topic)
    this.#byTopic.set(topic, folder)
    return topic
  }

  /** Returns whether there was one. */
  delete(name: string): boolean {
    const topic = this.find(name)
    if (topic === undefined) return false
    this.#topics.delete(topic.name)
    for (const channel of topic.channels.values()) this.#checkpointer.drop(channel)
    topic.exit()
    const folder = this.#byTopic.get(topic)
    this.#byTopic.delete(topic)
    try {
      if (folder !== undefined) this.#folders.remove(folder)
    } catch (error) {
      this.note('error', `TOPIC(${name}): removing it failed - ${(error as Error).message}`)
    }
    this.note('info', `TOPIC(${name}): deleted`)
    this.watcher?.topicDeleted(topic)
    return true
  }

  // ---- What topics report ---------------------------------------------------------------------------------------

  channelCreated(topic: LogTopic, channel: LogChannel): void {
    this.watcher?.channelCreated(topic, channel)
  }

  channelDeleted(topic: LogTopic, channel: LogChannel): void {
    this.#checkpointer.drop(channel)
    this.watcher?.channelDeleted(topic, channel)
  }

  channelUnsaved(topic: LogTopic, channel: LogChannel): void {
    this.#checkpointer.add(topic, channel)
  }

  topicAbandoned(topic: LogTopic): void {
    this.delete(topic.name)
  }

  // ---- Health ---------------------------------------------------------------------------------------------------

  /** Undefined while every log can be written, else what the disk said. */
  failure(): Error | undefined {
    for (const topic of this.#topics.values()) {
      if (topic.log.failure === undefined) continue
      this.#probeLater()
      return topic.log.failure
    }
    return undefined
  }

  /** A full disk is noticed by a failing write; that it has room again, by trying. */
  #probeLater(): void {
    if (this.#isProbing) return
    this.#isProbing = true
    this.clock.after(PROBE_INTERVAL_MS, () => {
      this.#isProbing = false
      this.#probe()
    })
  }

  #probe(): void {
    const file = `${this.#folders.root}/.probe`
    try {
      this.#files.replace(file, Buffer.alloc(64 * 1024, 1), true)
      this.#files.remove(file)
    } catch {
      this.#probeLater()
      return
    }
    for (const topic of this.#topics.values()) topic.log.failure = undefined
  }

  /** Persists everything. Subscribers and publishers must be gone. */
  async close(): Promise<void> {
    this.#checkpointer.close()
    this.alarms.close()
    this.turn.run()
    // A few at a time: each may wait for the device.
    const topics = [...this.#topics.values()]
    while (topics.length > 0) {
      await Promise.all(topics.splice(0, 32).map((topic) => topic.close()))
    }
    // What could not be written is lost, though it may have been delivered: the next start must know.
    const isPersisted = [...this.#topics.values()].every((topic) => topic.isPersisted)
    if (isPersisted) this.#folders.end()
  }
}
