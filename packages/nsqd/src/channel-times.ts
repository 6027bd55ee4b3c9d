// Hot: `expect` runs for every slice that is delivered, the rest for every message that times out or comes due.

import type { Alarms, Sleeper } from './alarms.ts'
import { DEFERRED, IN_FLIGHT } from './cells.ts'
import { DeadlineQueue, TimeHeap } from './queues.ts'
import type { Window } from './window.ts'

/** Messages that time out or come due in one go; a million may be due at midnight. */
const MAX_AT_ONCE = 1_024

/** What a channel is told when the time has come. */
export interface TimeEvents {
  /** A message in flight was not answered. */
  timedOut(sequence: number): void
  /** A deferred message may be delivered. */
  cameDue(sequence: number): void
}

/** When the messages in a channel's window time out or come due. */
export class ChannelTimes implements Sleeper {
  alarmAt = Infinity
  alarmSlot = -1
  deferredCount = 0
  readonly #window: Window
  readonly #alarms: Alarms
  readonly #events: TimeEvents
  /** By timeout length. */
  readonly #deadlines = new Map<number, DeadlineQueue>()
  /** Touched messages whose first deadline has passed, by a later one. */
  readonly #touched = new TimeHeap()
  readonly #deferred = new TimeHeap()

  constructor(window: Window, alarms: Alarms, events: TimeEvents) {
    this.#window = window
    this.#alarms = alarms
    this.#events = events
  }

  /** Messages have been delivered; the end of the range is exclusive. */
  expect(timeoutMs: number, deadline: number, from: number, to: number): void {
    let queue = this.#deadlines.get(timeoutMs)
    if (queue === undefined) {
      queue = new DeadlineQueue()
      this.#deadlines.set(timeoutMs, queue)
    }
    queue.push(deadline, from, to)
    if (queue.wantsCompaction()) {
      queue.compact((fires, first, end) => this.#isLive(timeoutMs, fires, first, end))
    }
    this.#alarms.set(this, queue.peekTime())
  }

  /** @param due on the core's clock. */
  defer(sequence: number, due: number): void {
    this.#window.setState(sequence, DEFERRED)
    this.#window.setDeadline(sequence, due)
    this.#deferred.push(due, sequence)
    this.deferredCount += 1
    this.#alarms.set(this, due)
  }

  /** Nothing is waited for any more. */
  clear(): void {
    this.#deferred.clear()
    this.#touched.clear()
    this.#deadlines.clear()
    this.deferredCount = 0
  }

  stop(): void {
    this.#alarms.drop(this)
  }

  wake(now: number): number {
    let left = MAX_AT_ONCE
    for (const [timeoutMs, queue] of this.#deadlines) {
      while (left > 0 && queue.peekTime() <= now) {
        left -= this.#timeOutFirst(queue, timeoutMs, now, left)
      }
      if (queue.length === 0) this.#deadlines.delete(timeoutMs)
    }
    for (; left > 0 && this.#touched.peekTime() <= now; left--) {
      const sequence = this.#touched.pop()
      if (this.#window.stateOf(sequence) === IN_FLIGHT) this.#timeOutOrWait(sequence, now)
    }
    for (; left > 0 && this.#deferred.peekTime() <= now; left--) {
      const sequence = this.#deferred.pop()
      if (this.#window.stateOf(sequence) !== DEFERRED) continue
      this.deferredCount -= 1
      this.#events.cameDue(sequence)
    }
    let next = Math.min(this.#touched.peekTime(), this.#deferred.peekTime())
    for (const queue of this.#deadlines.values()) next = Math.min(next, queue.peekTime())
    return next
  }

  /** Times out the messages of the first record, at most so many. Returns how many that were. */
  #timeOutFirst(queue: DeadlineQueue, timeoutMs: number, now: number, most: number): number {
    const fires = queue.peekTime()
    const to = queue.peekTo()
    let count = 0
    for (let sequence = this.#firstUnsettled(queue.peekFrom()); sequence < to; sequence++) {
      if (!this.#isOfRecord(sequence, timeoutMs, fires)) continue
      if (count === most) {
        queue.cutTo(sequence)
        return count
      }
      this.#timeOutOrWait(sequence, now)
      count += 1
    }
    queue.shift()
    return count
  }

  #timeOutOrWait(sequence: number, now: number): void {
    const deadline = this.#window.deadlineOf(sequence)
    if (deadline > now) this.#touched.push(deadline, sequence)
    else this.#events.timedOut(sequence)
  }

  #isLive(timeoutMs: number, fires: number, from: number, to: number): boolean {
    for (let sequence = this.#firstUnsettled(from); sequence < to; sequence++) {
      if (this.#isOfRecord(sequence, timeoutMs, fires)) return true
    }
    return false
  }

  /** Spares the walk over what has long been settled. */
  #firstUnsettled(from: number): number {
    const { floor, stragglers } = this.#window
    return stragglers.count === 0 ? Math.max(from, floor) : from
  }

  /** Whether the message is still in flight from the delivery that the record was made for. */
  #isOfRecord(sequence: number, timeoutMs: number, fires: number): boolean {
    return (
      this.#window.stateOf(sequence) === IN_FLIGHT &&
      this.#window.deliveredAtOf(sequence) + timeoutMs <= fires
    )
  }
}
