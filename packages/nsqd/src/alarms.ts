import type { Clock } from './clock.ts'

/** Something that wants to be called at a time. `alarmAt` is the queue's. */
export interface Sleeper {
  /** When it will be called, or Infinity. */
  alarmAt: number
  /** Does what is due and returns when to call again, or Infinity. */
  wake(now: number): number
}

interface Entry {
  readonly time: number
  readonly sleeper: Sleeper
}

/** One timer for all channels: whoever has nothing due costs nothing. */
export class Alarms {
  readonly #clock: Clock
  /** A binary heap. Entries that a sleeper has outdated are dropped when they surface. */
  readonly #heap: Entry[] = []
  #cancel: (() => void) | undefined
  #timerAt = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Entries kept, outdated ones included. */
  get size(): number {
    return this.#heap.length
  }

  /** Makes sure that `sleeper` is called at `time` at the latest. */
  set(sleeper: Sleeper, time: number): void {
    if (time >= sleeper.alarmAt) return
    sleeper.alarmAt = time
    this.#push({ time, sleeper })
    this.#arm()
  }

  /** The sleeper is not called again. */
  drop(sleeper: Sleeper): void {
    sleeper.alarmAt = Infinity
  }

  close(): void {
    this.#cancel?.()
    this.#heap.length = 0
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || first.time >= this.#timerAt) return
    this.#cancel?.()
    this.#timerAt = first.time
    this.#cancel = this.#clock.after(first.time - this.#clock.now(), () => this.#ring())
  }

  #ring(): void {
    this.#timerAt = Infinity
    const now = this.#clock.now()
    while (this.#heap.length > 0 && this.#heap[0]!.time <= now) {
      const { time, sleeper } = this.#pop()
      if (time !== sleeper.alarmAt) continue
      sleeper.alarmAt = Infinity
      const next = sleeper.wake(now)
      if (next < sleeper.alarmAt) {
        sleeper.alarmAt = next
        this.#push({ time: next, sleeper })
      }
    }
    this.#arm()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.time <= entry.time) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry {
    const heap = this.#heap
    const first = heap[0]!
    const entry = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.time < heap[child]!.time) child += 1
      if (heap[child]!.time >= entry.time) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
    return first
  }
}
