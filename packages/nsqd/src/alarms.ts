import type { Clock } from './clock.ts'

/** Something that wants to be called at a time. `alarmAt` and `alarmSlot` are the queue's. */
export interface Sleeper {
  /** When it will be called, or Infinity. */
  alarmAt: number
  /** Where it stands in the queue, or -1. */
  alarmSlot: number
  /** Does some of what is due and returns when to call again, not after `now` where more is due, or Infinity. */
  wake(now: number): number
}

/** One stretch of waking takes about so long at most, then the event loop gets a pause. */
const STRETCH_MS = 4

/** One timer for all channels: whoever has nothing due costs nothing. */
export class Alarms {
  readonly #clock: Clock
  /** A binary heap by `alarmAt`; each sleeper stands in it once at most. */
  readonly #heap: Sleeper[] = []
  #cancel: (() => void) | undefined
  #timerAt = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many sleep. */
  get size(): number {
    return this.#heap.length
  }

  /** Makes sure that `sleeper` is called at `time` at the latest. */
  set(sleeper: Sleeper, time: number): void {
    if (time >= sleeper.alarmAt) return
    this.#put(sleeper, time)
    this.#arm()
  }

  /** The sleeper is not called again. */
  drop(sleeper: Sleeper): void {
    const slot = sleeper.alarmSlot
    if (slot === -1) return
    sleeper.alarmAt = Infinity
    sleeper.alarmSlot = -1
    const last = this.#heap.pop()!
    if (last === sleeper) return
    this.#place(last, slot)
    this.#sink(slot)
    this.#rise(last.alarmSlot)
  }

  close(): void {
    this.#cancel?.()
    for (const sleeper of this.#heap.splice(0)) {
      sleeper.alarmAt = Infinity
      sleeper.alarmSlot = -1
    }
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || first.alarmAt >= this.#timerAt) return
    this.#cancel?.()
    this.#timerAt = first.alarmAt
    this.#cancel = this.#clock.after(first.alarmAt - this.#clock.now(), () => this.#ring())
  }

  #ring(): void {
    this.#timerAt = Infinity
    const now = this.#clock.now()
    while (this.#heap.length > 0 && this.#heap[0]!.alarmAt <= now) {
      const sleeper = this.#heap[0]!
      this.drop(sleeper)
      const next = sleeper.wake(now)
      if (next < sleeper.alarmAt) this.#put(sleeper, next)
      if (this.#clock.now() - now > STRETCH_MS) break
    }
    this.#arm()
  }

  /** `time` is earlier than what the sleeper had. */
  #put(sleeper: Sleeper, time: number): void {
    sleeper.alarmAt = time
    if (sleeper.alarmSlot === -1) this.#place(sleeper, this.#heap.length)
    this.#rise(sleeper.alarmSlot)
  }

  #place(sleeper: Sleeper, slot: number): void {
    this.#heap[slot] = sleeper
    sleeper.alarmSlot = slot
  }

  #rise(slot: number): void {
    const sleeper = this.#heap[slot]!
    let at = slot
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1]!
      if (parent.alarmAt <= sleeper.alarmAt) break
      const freed = parent.alarmSlot
      this.#place(parent, at)
      at = freed
    }
    this.#place(sleeper, at)
  }

  #sink(slot: number): void {
    const heap = this.#heap
    const sleeper = heap[slot]!
    let at = slot
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.alarmAt < heap[child]!.alarmAt) child += 1
      if (heap[child]!.alarmAt >= sleeper.alarmAt) break
      this.#place(heap[child]!, at)
      at = child
    }
    this.#place(sleeper, at)
  }
}
