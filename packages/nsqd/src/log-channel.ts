// Hot: deliver, finish and expire run for every slice and every answer.

import {
  type ChannelName,
  frameBytesAt,
  isEphemeralName,
  MESSAGE_FRAME_HEADER_BYTES,
  readSequenceBits,
  sequenceNear,
  readUint32,
  TIMESTAMP_OFFSET,
  type TimestampNs,
  writeAttempts,
} from '@tsq/protocol'

import type { Alarms } from './alarms.ts'
import { DEFERRED, IN_FLIGHT, SETTLED, WAITING } from './cells.ts'
import { type AnswerOutcome, type Channel, ChannelFull, type ChannelStats } from './channel.ts'
import { ChannelTimes, type TimeEvents } from './channel-times.ts'
import type { ChannelCheckpoint } from './checkpoint.ts'
import { encodeInSteps } from './checkpoint-steps.ts'
import type { Clock } from './clock.ts'
import { FreshFrames } from './fresh-frames.ts'
import type { Chunk } from './log/chunk.ts'
import type { TopicLog } from './log/topic-log.ts'
import type { ChannelView } from './peek/listing.ts'
import { NumberQueue } from './queues.ts'
import { LatencyWindow } from './stats/latency-window.ts'
import type { Steps } from './steps.ts'
import type { Subscriber } from './subscriber.ts'
import { bringNearestForward, LocalityCounts } from './topology.ts'
import { Window } from './window.ts'

/** The most messages copied together for redelivery, in bytes. */
const MAX_REDELIVERY_BYTES = 64 * 1024

/** What a channel needs of its topic. */
export interface ChannelHost {
  readonly log: TopicLog
  /** What the ids of its messages may open with; that of new ones first. */
  readonly idPrefixes: readonly number[]
  /** Messages below may be delivered; fixed while the topic is paused. */
  readonly releasedSequence: number
  /** The channel has something to deliver, or a subscriber to deliver to. */
  channelChanged(channel: LogChannel): void
  /** The channel is no longer as its checkpoint says. */
  channelUnsaved(channel: LogChannel): void
  /** The last subscriber of an ephemeral channel left. */
  channelAbandoned(channel: LogChannel): void
  note(level: 'warn' | 'error', text: string): void
}

export interface ChannelLimits {
  readonly maxMsgTimeoutMs: number
  /** 0 for any number. */
  readonly maxChannelConsumers: number
  /** Messages an ephemeral channel may lag behind before it drops the oldest. */
  readonly memQueueSize: number
  /** How far back end-to-end latencies reach; absent where nobody asks for them. */
  readonly latencyWindowMs?: number | undefined
  /** While nothing waits, consumers that are near go first. */
  readonly prefersNear?: boolean
}

const TWO_32 = 2 ** 32
const NS_PER_MS = 1e6

/** A cursor in its topic's log, with a window of what is unsettled behind it. */
export class LogChannel implements Channel, TimeEvents {
  readonly name: ChannelName
  readonly isEphemeral: boolean
  isExiting = false
  isPaused = false
  /** In the list of channels to pump at the end of this turn. The turn's. */
  isDirty = false
  /** Changed since the last checkpoint. The checkpointer's. */
  isUnsaved = false
  /** Its next checkpoint is not due before, on the core's clock. The checkpointer's. */
  nextSaveMs = 0
  /** What writes the checkpoint begun last. The topic's. */
  saving: Steps<void> | undefined
  readonly subscribers: Subscriber[] = []
  /** From publish to FIN; undefined where nobody asks for it. */
  readonly latency: LatencyWindow | undefined
  readonly #host: ChannelHost
  readonly #clock: Clock
  readonly #limits: ChannelLimits
  readonly #window: Window
  readonly #times: ChannelTimes
  readonly #fresh: FreshFrames
  /** Sequence numbers of messages that wait for another delivery. */
  readonly #again = new NumberQueue()
  readonly #ready: Subscriber[] = []
  /** Waits for the log to read back what comes next for redelivery. */
  #awaitsAgain = false
  #isAgainsTurn = false
  /** More waited than was taken when the channel was last pumped. */
  #hasBacklog = false
  /** Deferred messages below have been taken on. */
  #absorbedSequence: number
  #inFlight = 0
  #messageCount = 0
  #requeueCount = 0
  #timeoutCount = 0
  #droppedCount = 0
  readonly #handedOut = new LocalityCounts()
  readonly #stamp: TimestampNs = { high: 0, low: 0 }

  constructor(
    name: ChannelName,
    host: ChannelHost,
    shared: { clock: Clock; alarms: Alarms; limits: ChannelLimits },
    from: number,
  ) {
    this.name = name
    this.isEphemeral = isEphemeralName(name)
    this.#host = host
    this.#clock = shared.clock
    this.#limits = shared.limits
    const { latencyWindowMs } = shared.limits
    if (latencyWindowMs !== undefined) {
      this.latency = new LatencyWindow(shared.clock, latencyWindowMs)
    }
    this.#window = new Window(from, latencyWindowMs !== undefined)
    this.#times = new ChannelTimes(this.#window, shared.alarms, this)
    this.#fresh = new FreshFrames(host.log, this.#window)
    this.#absorbedSequence = from
  }

  // ---- Subscribers ----------------------------------------------------------------------------------------------

  subscribe(subscriber: Subscriber): void {
    const limit = this.#limits.maxChannelConsumers
    if (limit > 0 && this.subscribers.length >= limit) {
      throw new ChannelFull(`exceeds limit of ${limit}`)
    }
    this.subscribers.push(subscriber)
  }

  unsubscribe(subscriber: Subscriber): void {
    const at = this.subscribers.indexOf(subscriber)
    if (at === -1) return
    this.subscribers.splice(at, 1)
    const listed = this.#ready.indexOf(subscriber)
    if (listed !== -1) this.#ready.splice(listed, 1)
    subscriber.isListed = false
    if (subscriber.inFlight > 0) this.#takeBackFrom(subscriber)
    if (this.subscribers.length === 0 && this.isEphemeral && !this.isExiting) {
      this.#host.channelAbandoned(this)
    }
  }

  /** What a subscriber that went away held is delivered again at once, in order. */
  #takeBackFrom(subscriber: Subscriber): void {
    const held = this.#window.heldBy(subscriber.id, subscriber.inFlight)
    for (const sequence of held) this.#queueAgain(sequence)
    this.#inFlight -= held.length
    subscriber.inFlight = 0
    this.#changed()
  }

  ready(subscriber: Subscriber): void {
    if (!subscriber.isListed && subscriber.room() > 0) {
      subscriber.isListed = true
      this.#ready.push(subscriber)
    }
    if (!this.isDirty && this.#ready.length > 0) this.#host.channelChanged(this)
  }

  // ---- Delivery -------------------------------------------------------------------------------------------------

  /** The log has read back what was asked for. */
  readBack(): void {
    this.#fresh.isAwaited = false
    this.#awaitsAgain = false
    this.#host.channelChanged(this)
  }

  /** Hands out what waits to whoever is ready. Runs once a turn, after the commit. */
  pump(): void {
    if (this.isExiting) return
    if (!this.isPaused) this.#handOut(this.#host.releasedSequence)
    if (this.#fresh.isPassing) {
      this.#fresh.isPassing = false
      this.#host.channelChanged(this)
    }
    if (this.isEphemeral || this.#host.log.isEphemeral) this.#dropLag()
  }

  #handOut(released: number): void {
    const fresh = this.#fresh
    const prefersNear = this.#limits.prefersNear === true && !this.#hasBacklog
    while (this.#ready.length > 0) {
      const hasAgain = this.#again.length > 0 && !this.#awaitsAgain
      const hasFresh = this.#window.cursor < released && !fresh.isAwaited && !fresh.isPassing
      if (!hasAgain && !hasFresh) break
      const near = prefersNear ? bringNearestForward(this.#ready) : this.#ready.length
      const subscriber = this.#ready.shift()!
      const room = subscriber.room()
      if (room <= 0) {
        subscriber.isListed = false
        continue
      }
      const waiting = Math.max(released - this.#window.cursor, 0) + this.#again.length
      const share = Math.min(room, Math.ceil(waiting / near))
      if (hasAgain && (!hasFresh || this.#isAgainsTurn)) {
        this.#isAgainsTurn = false
        this.#deliverAgain(subscriber, share)
      } else {
        this.#isAgainsTurn = true
        this.#deliverFresh(subscriber, share, released)
      }
      if (subscriber.room() > 0) this.#ready.push(subscriber)
      else subscriber.isListed = false
    }
    this.#hasBacklog = this.#again.length > 0 || this.#window.cursor < released
  }

  /** Writes the next run of frames, as it lies in the log, to the subscriber. */
  #deliverFresh(subscriber: Subscriber, wanted: number, released: number): void {
    const fresh = this.#fresh
    const previous = fresh.chunk
    const limit = fresh.seek(released, this.#absorbedSequence)
    if (limit === 0) return
    const chunk = fresh.chunk!
    const chunkEnd = chunk.endSequence
    const sequence = this.#window.cursor
    const start = fresh.offset
    const count = fresh.take(Math.min(wanted, limit - sequence))
    if (sequence >= this.#host.log.tailSequence) this.#handedOut.add(subscriber, count)
    if (subscriber.sampleRate > 0) this.#deliverSample(subscriber, chunk, start, count)
    else this.#handOver(subscriber, chunk, start, fresh.offset, count)
    // Only now: to make room for what is read ahead, the pool may ask for this very chunk.
    if (chunk !== previous) this.#host.log.prefetch(chunkEnd)
    this.#changed()
  }

  #handOver(subscriber: Subscriber, chunk: Chunk, start: number, end: number, count: number): void {
    const now = this.#clock.now()
    const deadline = now + subscriber.msgTimeoutMs
    const sequence = this.#window.cursor
    this.#window.deliverFresh(count, subscriber.id, now, deadline)
    this.#times.expect(subscriber.msgTimeoutMs, deadline, sequence, sequence + count)
    if (this.latency !== undefined) this.#notePublishing(chunk.bytes, start, sequence, count, now)
    this.#inFlight += count
    subscriber.inFlight += count
    chunk.borrow()
    subscriber.deliver(chunk.bytes.subarray(start, end), count, chunk)
  }

  /** Keeps when each of a run of messages was published, on the core's clock. */
  #notePublishing(bytes: Buffer, start: number, first: number, count: number, now: number): void {
    this.#clock.stamp(this.#stamp)
    const offset = millisecondsOf(this.#stamp.high, this.#stamp.low) - now
    let at = start
    for (let i = 0; i < count; i++) {
      const high = readUint32(bytes, at + TIMESTAMP_OFFSET)
      const low = readUint32(bytes, at + TIMESTAMP_OFFSET + 4)
      this.#window.setPublishedAt(first + i, millisecondsOf(high, low) - offset)
      at += frameBytesAt(bytes, at)
    }
  }

  /** Hands over each message with the subscriber's probability; the others are dropped from the channel, as in nsqd. */
  #deliverSample(subscriber: Subscriber, chunk: Chunk, start: number, count: number): void {
    let runStart = start
    let runCount = 0
    let at = start
    for (let i = 0; i < count; i++) {
      const end = at + frameBytesAt(chunk.bytes, at)
      if (Math.random() * 100 < subscriber.sampleRate) {
        runCount += 1
      } else {
        if (runCount > 0) this.#handOver(subscriber, chunk, runStart, at, runCount)
        this.#window.pass(1)
        this.#droppedCount += 1
        runStart = end
        runCount = 0
      }
      at = end
    }
    if (runCount > 0) this.#handOver(subscriber, chunk, runStart, at, runCount)
  }

  /** Copies messages that wait for another delivery, each with its attempts, and sends them as one run. */
  #deliverAgain(subscriber: Subscriber, wanted: number): void {
    const now = this.#clock.now()
    const deadline = now + subscriber.msgTimeoutMs
    let target: Buffer | undefined
    let length = 0
    let count = 0
    while (count < wanted && this.#again.length > 0) {
      const sequence = this.#again.peek()
      const chunk = this.#chunkFor(sequence)
      if (chunk === undefined) {
        if (this.#awaitsAgain) break
        continue
      }
      const start = chunk.offsetOf(sequence)
      const frameBytes = frameBytesAt(chunk.bytes, start)
      target ??= Buffer.allocUnsafe(
        redeliveryBytes(frameBytes, Math.min(wanted, this.#again.length)),
      )
      if (length + frameBytes > target.length) break
      this.#again.shift()
      this.#handedOut.add(subscriber, 1)
      const isWanted = subscriber.sampleRate === 0 || Math.random() * 100 < subscriber.sampleRate
      if (!isWanted) {
        this.#window.settle(sequence)
        this.#droppedCount += 1
        continue
      }
      chunk.bytes.copy(target, length, start, start + frameBytes)
      const attempts = this.#window.deliverAgain(sequence, subscriber.id, now, deadline)
      writeAttempts(target, length, attempts)
      if (this.latency !== undefined) this.#notePublishing(target, length, sequence, 1, now)
      this.#times.expect(subscriber.msgTimeoutMs, deadline, sequence, sequence + 1)
      length += frameBytes
      count += 1
    }
    if (count > 0) {
      this.#inFlight += count
      subscriber.inFlight += count
      subscriber.deliver(target!.subarray(0, length), count, undefined)
    }
    this.#changed()
  }

  /** The chunk with a message for redelivery. Undefined where it is being read back, or is lost and has been settled. */
  #chunkFor(sequence: number): Chunk | undefined {
    const { log } = this.#host
    const chunk = log.chunkAt(sequence)
    if (chunk !== undefined) return chunk
    if (log.isThere(sequence)) {
      this.#awaitsAgain = true
      log.request(sequence)
      return undefined
    }
    this.#again.shift()
    this.#window.settle(sequence)
    this.#droppedCount += 1
    this.#host.note('error', `message ${sequence} can no longer be read and is dropped`)
    return undefined
  }

  /**
   * An ephemeral channel may not hold the log back, nor any channel the memory of an ephemeral topic: past the limit the
   * oldest go, but not the deferred ones, which are kept apart.
   */
  #dropLag(): void {
    const { log, releasedSequence } = this.#host
    const { cursor } = this.#window
    if (releasedSequence - cursor <= this.#limits.memQueueSize) return
    const oldest = log.countBack(releasedSequence, this.#limits.memQueueSize)
    if (cursor >= oldest) return
    const deferred = this.#fresh.deferredAhead
    this.#fresh.jumpTo(oldest, this.#absorbedSequence)
    this.#droppedCount += log.countBetween(cursor, oldest) - (deferred - this.#fresh.deferredAhead)
    this.#changed()
  }

  // ---- Answers --------------------------------------------------------------------------------------------------

  finish(subscriber: Subscriber, source: Buffer, offset: number): AnswerOutcome {
    const sequence = this.#sequenceAt(source, offset)
    if (sequence === -1) return 'not in flight'
    const publishedAt = this.latency === undefined ? 0 : this.#window.publishedAtOf(sequence)
    const found = this.#window.finish(sequence, subscriber.id)
    if (found === SETTLED) return 'not in flight'
    if (found === WAITING) return 'not owned'
    this.#inFlight -= 1
    subscriber.inFlight -= 1
    this.latency?.record(publishedAt)
    this.#changed()
    this.ready(subscriber)
    return 'done'
  }

  requeue(subscriber: Subscriber, source: Buffer, offset: number, delayMs: number): AnswerOutcome {
    const sequence = this.#sequenceAt(source, offset)
    const outcome = this.#checkOwner(subscriber, sequence)
    if (outcome !== 'done') return outcome
    this.#inFlight -= 1
    subscriber.inFlight -= 1
    this.#requeueCount += 1
    if (delayMs > 0) this.#times.defer(sequence, this.#clock.now() + delayMs)
    else this.#queueAgain(sequence)
    this.#changed()
    this.ready(subscriber)
    return 'done'
  }

  touch(subscriber: Subscriber, source: Buffer, offset: number): AnswerOutcome {
    const sequence = this.#sequenceAt(source, offset)
    const outcome = this.#checkOwner(subscriber, sequence)
    if (outcome !== 'done') return outcome
    const cap = this.#window.deliveredAtOf(sequence) + this.#limits.maxMsgTimeoutMs
    this.#window.setDeadline(sequence, Math.min(this.#clock.now() + subscriber.msgTimeoutMs, cap))
    return 'done'
  }

  #sequenceAt(source: Buffer, offset: number): number {
    const prefixes = this.#host.idPrefixes
    for (let i = 0; i < prefixes.length; i++) {
      const bits = readSequenceBits(source, offset, prefixes[i]!)
      if (bits !== -1) return sequenceNear(bits, this.#window.cursor)
    }
    return -1
  }

  #checkOwner(subscriber: Subscriber, sequence: number): AnswerOutcome {
    if (sequence === -1 || this.#window.stateOf(sequence) !== IN_FLIGHT) return 'not in flight'
    return this.#window.ownerOf(sequence) === subscriber.id ? 'done' : 'not owned'
  }

  // ---- Time -----------------------------------------------------------------------------------------------------

  timedOut(sequence: number): void {
    const owner = this.#window.ownerOf(sequence)
    const subscriber = this.subscribers.find((candidate) => candidate.id === owner)
    this.#inFlight -= 1
    this.#timeoutCount += 1
    this.#queueAgain(sequence)
    this.#changed()
    if (subscriber === undefined) return
    subscriber.inFlight -= 1
    this.ready(subscriber)
  }

  cameDue(sequence: number): void {
    this.#queueAgain(sequence)
    this.#changed()
  }

  #queueAgain(sequence: number): void {
    this.#window.setState(sequence, WAITING)
    this.#again.push(sequence)
    if (!this.isDirty) this.#host.channelChanged(this)
  }

  /** A deferred message has been committed: from now on it is this channel's to wait for. */
  absorb(sequence: number, dueMs: number): void {
    if (sequence < this.#absorbedSequence) return
    this.#window.addStraggler(sequence, DEFERRED, 0)
    this.#times.defer(sequence, this.#clock.now() + Math.max(0, dueMs - this.#clock.wallMs()))
    this.#absorbedSequence = sequence + 1
    this.#fresh.deferredAhead += 1
    this.#changed()
  }

  // ---- Keeping --------------------------------------------------------------------------------------------------

  /** Takes on the deferred messages that the log holds from the cursor on. */
  absorbFromLog(): void {
    const { log, releasedSequence } = this.#host
    this.#fresh.deferredAhead = 0
    log.forEachDeferred(this.#window.cursor, (sequence, dueMs) => {
      if (sequence >= releasedSequence || !log.isThere(sequence)) return
      if (sequence < this.#absorbedSequence) this.#fresh.deferredAhead += 1
      else this.absorb(sequence, dueMs)
    })
    this.#absorbedSequence = Math.max(this.#absorbedSequence, releasedSequence)
  }

  /** Counts what a commit added; for `message_count`. */
  received(count: number): void {
    this.#messageCount += count
  }

  /** Everything that waits, is in flight or is deferred is dropped. */
  empty(): void {
    const released = this.#host.releasedSequence
    this.#droppedCount += this.#freshCount() + this.#window.unsettled
    this.#window.reset(Math.max(released, this.#window.cursor))
    this.#again.clear()
    this.#times.clear()
    this.#fresh.deferredAhead = 0
    this.#absorbedSequence = Math.max(this.#absorbedSequence, released)
    this.#inFlight = 0
    for (const subscriber of this.subscribers) {
      subscriber.inFlight = 0
      this.ready(subscriber)
    }
    this.#changed()
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused
    this.#changed()
    this.#host.channelChanged(this)
  }

  /** The channel is gone: its subscribers are closed. */
  exit(): void {
    this.isExiting = true
    this.#times.stop()
    for (const subscriber of this.subscribers.slice()) subscriber.close()
  }

  /** Everything below is settled here, but for the stragglers. */
  get floor(): number {
    return this.#window.floor
  }

  get cursor(): number {
    return this.#window.cursor
  }

  /** Whether a message of the range, end exclusive, is still to be settled here. */
  needs(from: number, to: number): boolean {
    return to > this.#window.cursor || this.#window.hasUnsettledIn(from, to)
  }

  /** For whoever only looks: nothing of it may be changed. */
  view(): ChannelView {
    const { log, releasedSequence } = this.#host
    return { window: this.#window, log, releasedSequence, clock: this.#clock }
  }

  /** Gives back memory that a burst needed. */
  trim(): void {
    this.#window.trim()
  }

  /** A checkpoint of how the channel stands now. */
  checkpoint(): Steps<readonly Uint8Array[]> {
    const place = {
      cursor: this.#window.cursor,
      absorbed: this.#absorbedSequence,
      isPaused: this.isPaused,
    }
    return encodeInSteps(place, this.#window, this.#clock.wallMs() - this.#clock.now())
  }

  /** Takes up where a checkpoint left off. What was in flight then is delivered again. */
  restore(checkpoint: ChannelCheckpoint): void {
    this.isPaused = checkpoint.isPaused
    this.#window.reset(checkpoint.cursor)
    this.#absorbedSequence = checkpoint.absorbed
    const now = this.#clock.now()
    const wallMs = this.#clock.wallMs()
    const { unsettled } = checkpoint
    for (let i = 0; i < unsettled.length; i++) {
      const sequence = unsettled.sequence[i]!
      const dueMs = unsettled.dueMs[i]!
      // Its segment was let go, so it was settled after the checkpoint.
      if (sequence < this.#host.log.firstSequence || !this.#host.log.isThere(sequence)) continue
      this.#window.addStraggler(sequence, WAITING, unsettled.attempts[i]!)
      if (dueMs > wallMs) this.#times.defer(sequence, now + dueMs - wallMs)
      else this.#again.push(sequence)
    }
  }

  #changed(): void {
    if (this.isUnsaved || this.#host.log.isEphemeral) return
    this.isUnsaved = true
    this.#host.channelUnsaved(this)
  }

  #freshCount(): number {
    const { log, releasedSequence } = this.#host
    const count = log.countBetween(this.#window.cursor, releasedSequence)
    return Math.max(0, count - this.#fresh.deferredAhead)
  }

  stats(): ChannelStats {
    const { log, releasedSequence } = this.#host
    const depth = this.#freshCount() + this.#again.length
    const onDisk = Math.min(log.tailSequence, releasedSequence)
    const fromDisk = log.isEphemeral ? 0 : log.countBetween(this.#window.cursor, onDisk)
    return {
      depth,
      backendDepth: Math.min(depth, fromDisk),
      inFlightCount: this.#inFlight,
      deferredCount: this.#times.deferredCount,
      messageCount: this.#messageCount,
      zoneLocalCount: this.#handedOut.zone,
      regionLocalCount: this.#handedOut.region,
      globalCount: this.#handedOut.global,
      requeueCount: this.#requeueCount,
      timeoutCount: this.#timeoutCount,
      droppedCount: this.#droppedCount,
    }
  }
}

/** A message's timestamp in Unix ms, good to a microsecond. */
function millisecondsOf(high: number, low: number): number {
  return (high * TWO_32 + low) / NS_PER_MS
}

/** Room for a redelivery of some `count` messages like the first. */
function redeliveryBytes(firstBytes: number, count: number): number {
  if (count === 1) return firstBytes
  const likely = Math.max(firstBytes, MESSAGE_FRAME_HEADER_BYTES + 64) * count
  return Math.max(firstBytes, Math.min(likely, MAX_REDELIVERY_BYTES))
}
