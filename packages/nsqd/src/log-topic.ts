// Hot: publish and commit.

import {
  type ChannelName,
  EPOCH_LIMIT,
  idPrefix,
  isEphemeralName,
  parseChannelName,
  type TimestampNs,
  type TopicName,
} from '@tsq/protocol'

import type { Alarms } from './alarms.ts'
import { decodeCheckpoint } from './checkpoint.ts'
import type { Clock } from './clock.ts'
import { type ChannelLimits, type ChannelHost, LogChannel } from './log-channel.ts'
import { type LogContext, LogFailure, TopicLog } from './log/topic-log.ts'
import {
  type AckWaiter,
  PublishFailure,
  type PublishOutcome,
  type Topic,
  type TopicStats,
} from './topic.ts'
import { doAll, type Steps } from './steps.ts'
import type { TopicFolder } from './topic-folder.ts'
import type { Turn } from './turn.ts'

/** What topics share with the others of the process, and how they tell it of changes. */
export interface TopicHost {
  readonly clock: Clock
  readonly alarms: Alarms
  readonly turn: Turn
  readonly logContext: LogContext
  readonly channelLimits: ChannelLimits
  readonly nodeId: number
  /** Publishes are refused: the node is on its way out. */
  readonly isDraining: boolean
  channelCreated(topic: LogTopic, channel: LogChannel): void
  channelDeleted(topic: LogTopic, channel: LogChannel): void
  channelUnsaved(topic: LogTopic, channel: LogChannel): void
  /** The last channel of an ephemeral topic is gone. */
  topicAbandoned(topic: LogTopic): void
  note(level: 'info' | 'warn' | 'error', text: string): void
}

/** A topic on a durable log, or for an ephemeral one on its memory tail. */
export class LogTopic implements Topic, ChannelHost {
  readonly name: TopicName
  readonly isEphemeral: boolean
  readonly log: TopicLog
  readonly idPrefixes: number[]
  readonly channels = new Map<ChannelName, LogChannel>()
  isExiting = false
  /** After {@link close}: whether all of it could be written. */
  isPersisted = true
  releasedSequence: number
  readonly #host: TopicHost
  readonly #folder: TopicFolder | undefined
  readonly #idPrefix: number
  readonly #stamp: TimestampNs = { high: 0, low: 0 }
  readonly #waiters = new Set<AckWaiter>()
  #isPaused = false
  #isHeld = false
  #isDirty = false
  #committedPosition: number
  #messageCount = 0
  #messageBytes = 0

  /**
   * @param folder where the topic is kept; undefined for an ephemeral one.
   * @param uncleanStops how many processes in a row, up to the one before, did not stop in order.
   */
  constructor(
    name: TopicName,
    host: TopicHost,
    folder: TopicFolder | undefined,
    epoch: number,
    uncleanStops: number,
  ) {
    this.name = name
    this.isEphemeral = isEphemeralName(name)
    this.#host = host
    this.#folder = folder
    this.#idPrefix = idPrefix(host.nodeId, epoch % EPOCH_LIMIT)
    this.idPrefixes = [this.#idPrefix]
    const events = {
      onAcked: (): void => this.#wakeWaiters(),
      onReadBack: (): void => this.#readBack(),
      onNote: (level: 'warn' | 'error', text: string): void => this.note(level, text),
    }
    this.log = new TopicLog(folder?.path, host.logContext, events)
    this.releasedSequence = this.log.visibleSequence
    this.#committedPosition = this.log.visibleSequence
    if (folder !== undefined) this.#restore(folder, uncleanStops)
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get appendedPosition(): number {
    return this.log.appendedSequence
  }

  // ---- Publishing -----------------------------------------------------------------------------------------------

  publish(source: Buffer, start: number, end: number, delayMs: number): void {
    this.#open()
    const dueMs = delayMs > 0 ? this.#host.clock.wallMs() + delayMs : 0
    try {
      this.log.append(source, start, end, this.#stamp, this.#idPrefix, dueMs)
    } catch (error) {
      throw asPublishFailure(error)
    }
    this.#messageCount += 1
    this.#messageBytes += end - start
  }

  publishMany(source: Buffer, start: number, count: number, bodyBytes: number): void {
    this.#open()
    try {
      this.log.appendMany(source, start, count, this.#stamp, this.#idPrefix)
    } catch (error) {
      throw asPublishFailure(error)
    }
    this.#messageCount += count
    this.#messageBytes += bodyBytes
  }

  #open(): void {
    if (this.isExiting) throw new PublishFailure('exiting')
    if (this.#host.isDraining) throw new PublishFailure('draining')
    this.#host.clock.stamp(this.#stamp)
    if (this.#isDirty) return
    this.#isDirty = true
    this.#host.turn.addTopic(this)
  }

  settle(position: number): PublishOutcome | undefined {
    if (position > this.log.ackedSequence) return this.isExiting ? 'exiting' : undefined
    return this.log.failureOf(position) ?? ''
  }

  awaitAck(session: AckWaiter): void {
    this.#waiters.add(session)
  }

  #wakeWaiters(): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.acked()
  }

  /** Runs once a turn in which something was published. */
  commit(): void {
    this.#isDirty = false
    if (this.isExiting) return
    const { log } = this
    const deferred: [number, number][] = []
    log.forEachPendingDeferred((sequence, dueMs) => deferred.push([sequence, dueMs]))
    log.commit()
    const count = log.countBetween(this.#committedPosition, log.visibleSequence)
    this.#committedPosition = log.visibleSequence
    if (this.#waiters.size > 0) this.#wakeWaiters()
    if (this.#isPaused || this.#isHeld || this.channels.size === 0) {
      if (this.isEphemeral) this.#dropUnread()
      else if (this.channels.size === 0) log.dropDrained(Infinity)
      return
    }
    this.releasedSequence = log.visibleSequence
    // Who has fallen behind the tail reads from disk and needs none of it.
    let cursor = Infinity
    for (const channel of this.channels.values()) {
      channel.received(count)
      for (const [sequence, dueMs] of deferred) {
        if (log.isThere(sequence)) channel.absorb(sequence, dueMs)
      }
      this.channelChanged(channel)
      if (channel.cursor >= log.tailSequence) cursor = Math.min(cursor, channel.cursor)
    }
    if (this.isEphemeral) this.release()
    else log.dropDrained(cursor)
  }

  /**
   * An ephemeral topic that nobody reads, or that is paused or held, keeps its newest `--mem-queue-size` messages. What a
   * held one cannot keep goes to the channels that it has.
   */
  #dropUnread(): void {
    const oldest = this.log.visibleSequence - this.#host.channelLimits.memQueueSize
    if (this.releasedSequence < oldest) {
      if (this.channels.size > 0 && !this.#isPaused) {
        this.#releaseTo(oldest)
      } else {
        if (this.channels.size > 0) this.log.holes.add(this.releasedSequence, oldest)
        this.releasedSequence = oldest
      }
    }
    this.release()
  }

  #readBack(): void {
    for (const channel of this.channels.values()) channel.readBack()
  }

  // ---- Channels -------------------------------------------------------------------------------------------------

  channel(name: ChannelName): LogChannel {
    const known = this.channels.get(name)
    if (known !== undefined) return known
    const channel = this.#makeChannel(name, this.releasedSequence)
    channel.isUnsaved = true
    this.#host.channelCreated(this, channel)
    this.note('info', `new channel(${name})`)
    this.#releaseAll()
    this.saveChannel(channel, true)
    return channel
  }

  #makeChannel(name: ChannelName, from: number): LogChannel {
    const { clock, alarms, channelLimits } = this.#host
    const channel = new LogChannel(
      name,
      this,
      { clock, alarms, limits: channelLimits },
      Math.max(from, this.log.firstSequence),
    )
    this.channels.set(name, channel)
    return channel
  }

  /** What the topic held back belongs to its channels from now on. */
  #releaseAll(): void {
    if (this.#isPaused || this.#isHeld || this.channels.size === 0) return
    this.#releaseTo(this.log.visibleSequence)
  }

  #releaseTo(sequence: number): void {
    const held = this.log.countBetween(this.releasedSequence, sequence)
    this.releasedSequence = sequence
    if (held === 0) return
    for (const channel of this.channels.values()) {
      channel.received(held)
      channel.absorbFromLog()
      this.channelChanged(channel)
    }
  }

  deleteChannel(name: ChannelName): boolean {
    const channel = this.channels.get(name)
    if (channel === undefined) return false
    this.channels.delete(name)
    // Nothing but what comes from now on waits for a channel made later.
    if (!this.#hasLastingChannel()) this.#saveState()
    channel.exit()
    this.#host.channelDeleted(this, channel)
    try {
      if (!channel.isEphemeral) this.#folder?.removeChannel(name)
    } catch (error) {
      this.note('error', `removing channel(${name}) failed - ${(error as Error).message}`)
    }
    this.note('info', `deleting channel(${name})`)
    this.release()
    if (this.channels.size === 0 && this.isEphemeral) this.#host.topicAbandoned(this)
    return true
  }

  #hasLastingChannel(): boolean {
    for (const channel of this.channels.values()) if (!channel.isEphemeral) return true
    return false
  }

  channelChanged(channel: LogChannel): void {
    if (!channel.isDirty) this.#host.turn.addChannel(channel)
  }

  channelUnsaved(channel: LogChannel): void {
    this.#host.channelUnsaved(this, channel)
  }

  channelAbandoned(channel: LogChannel): void {
    this.deleteChannel(channel.name)
  }

  // ---- Operating ------------------------------------------------------------------------------------------------

  /**
   * Keeps what is published from the channels until {@link letGo}, so that channels made meanwhile all begin at the same
   * message. Publishes are acknowledged as ever.
   */
  hold(): void {
    this.#isHeld = true
  }

  letGo(): void {
    this.#isHeld = false
    if (!this.isExiting) this.#releaseAll()
  }

  /** While paused, the channels get nothing that is published from now on. Kept over restarts. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return
    this.#isPaused = isPaused
    this.#releaseAll()
    this.#saveState()
  }

  setChannelPaused(channel: LogChannel, isPaused: boolean): void {
    channel.setPaused(isPaused)
    this.saveChannel(channel, true)
  }

  /** Drops what no channel has been given yet. */
  empty(): void {
    const { visibleSequence, holes } = this.log
    if (this.channels.size > 0) holes.add(this.releasedSequence, visibleSequence)
    this.releasedSequence = visibleSequence
    this.#saveState()
    this.release()
  }

  emptyChannel(channel: LogChannel): void {
    channel.empty()
    this.saveChannel(channel)
    this.release()
  }

  /** Deletes what every channel is past. */
  release(): void {
    let floor = this.releasedSequence
    for (const channel of this.channels.values()) {
      if (!channel.isEphemeral || this.isEphemeral) floor = Math.min(floor, channel.cursor)
    }
    this.log.release(floor, (from, to) => {
      for (const channel of this.channels.values()) if (channel.needs(from, to)) return true
      return false
    })
  }

  stats(): TopicStats {
    const { log } = this
    const depth = log.countBetween(this.releasedSequence, log.visibleSequence)
    const onDisk = log.isEphemeral
      ? 0
      : log.countBetween(this.releasedSequence, Math.min(log.tailSequence, log.visibleSequence))
    return {
      depth,
      backendDepth: onDisk,
      messageCount: this.#messageCount,
      messageBytes: this.#messageBytes,
    }
  }

  // ---- Keeping --------------------------------------------------------------------------------------------------

  /** @param mustLast whether an earlier checkpoint will not do after a power cut. */
  saveChannel(channel: LogChannel, mustLast = false): void {
    doAll(this.saveChannelInSteps(channel, mustLast))
  }

  /** The same with pauses. When the channel is saved anew in one of them, this is given up. */
  *saveChannelInSteps(channel: LogChannel, mustLast = false): Steps<void> {
    const steps = this.#save(channel, mustLast)
    channel.saving = steps
    try {
      while (steps.next().done !== true) {
        yield
        if (channel.saving !== steps || channel.isExiting) return
      }
    } finally {
      steps.return()
    }
  }

  *#save(channel: LogChannel, mustLast: boolean): Steps<void> {
    channel.isUnsaved = false
    if (channel.isExiting || this.#folder === undefined) return
    if (channel.isEphemeral) {
      // It leaves nothing, but what it was given is not for a channel made after a kill.
      const isMoved = this.#folder.state.releasedSequence !== this.releasedSequence
      if (isMoved && !this.#hasLastingChannel()) this.#saveState()
      return
    }
    try {
      const content = yield* channel.checkpoint()
      // One of a paused channel that a power cut garbles would take the pause with it.
      const lasts = mustLast || channel.isPaused
      yield* this.#folder.writeChannelInSteps(channel.name, content, lasts)
    } catch (error) {
      this.note(
        'error',
        `checkpoint of channel(${channel.name}) failed - ${(error as Error).message}`,
      )
      this.isPersisted = false
      this.channelUnsaved(channel)
    }
    channel.trim()
  }

  #saveState(): void {
    try {
      this.#folder?.writeState({
        isPaused: this.#isPaused,
        releasedSequence: this.releasedSequence,
        holes: this.log.holes.ranges(),
        idPrefixes: this.idPrefixes,
      })
    } catch (error) {
      this.note('error', `saving the topic's state failed - ${(error as Error).message}`)
      this.isPersisted = false
    }
  }

  #restore(folder: TopicFolder, uncleanStops: number): void {
    const { log } = this
    const { state } = folder
    // Gone, though after a kill a checkpoint may not know it yet.
    log.holes.add(1, log.firstSequence)
    // Behind everything that may ever have been handed out, so that no id is used again.
    let end = state.releasedSequence
    for (const [from, to] of state.holes) {
      log.holes.add(from, to)
      end = Math.max(end, to)
    }
    for (const prefix of folder.isStateLost ? log.readIdPrefixes() : state.idPrefixes) {
      if (prefix !== this.#idPrefix) this.idPrefixes.push(prefix)
    }
    const isNewPrefix = !state.idPrefixes.includes(this.#idPrefix)
    this.#isPaused = state.isPaused
    const restored: LogChannel[] = []
    for (const [text, content] of folder.readChannels()) {
      const name = parseChannelName(text)
      const checkpoint = decodeCheckpoint(content)
      if (name === undefined) continue
      const channel = this.#makeChannel(name, log.firstSequence)
      if (checkpoint === undefined) {
        this.note(
          'error',
          `checkpoint of channel(${name}) is damaged: it starts at the oldest message`,
        )
      } else {
        channel.restore(checkpoint)
        end = Math.max(end, checkpoint.cursor, checkpoint.absorbed)
      }
      restored.push(channel)
    }
    log.resumeBehind(end, uncleanStops)
    const isHeld = this.#isPaused || restored.length === 0
    this.releasedSequence = isHeld
      ? Math.min(Math.max(state.releasedSequence, log.firstSequence), log.visibleSequence)
      : log.visibleSequence
    this.#committedPosition = log.visibleSequence
    for (const channel of restored) {
      channel.absorbFromLog()
      this.channelChanged(channel)
    }
    if (isNewPrefix) this.#saveState()
  }

  note(level: 'info' | 'warn' | 'error', text: string): void {
    this.#host.note(level, `TOPIC(${this.name}): ${text}`)
  }

  /** The topic is gone: its channels' subscribers are closed, its publishers are told. */
  exit(): void {
    this.isExiting = true
    for (const channel of this.channels.values()) channel.exit()
    this.#wakeWaiters()
    this.log.discard()
  }

  /** Persists everything and closes. */
  async close(): Promise<void> {
    if (this.#isDirty) this.commit()
    this.isExiting = true
    await this.log.close()
    this.isPersisted = this.log.failure === undefined
    for (const channel of this.channels.values()) this.saveChannel(channel)
    if (!this.isEphemeral) this.#saveState()
    this.#wakeWaiters()
  }
}

function asPublishFailure(error: unknown): unknown {
  return error instanceof LogFailure ? new PublishFailure(error.message, { cause: error }) : error
}
