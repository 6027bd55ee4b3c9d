import type { Clock } from './clock.ts'
import type { LogChannel } from './log-channel.ts'
import type { LogTopic } from './log-topic.ts'
import type { Steps } from './steps.ts'

const INTERVAL_MS = 1_000
/** One stretch of writing takes at most about this long, then the event loop gets a pause. */
const STRETCH_MS = 4
const PAUSE_MS = 10
/** Writing checkpoints takes at most one part in so many of the time. */
const MAX_SHARE = 20

/**
 * Writes the checkpoints of channels that changed, in rounds about a second apart. Many channels, and one with much unsettled,
 * are spread out, so that deliveries never wait long; channels that do not change cost nothing.
 */
export class Checkpointer {
  readonly #clock: Clock
  /** For the next round. */
  readonly #unsaved = new Map<LogChannel, LogTopic>()
  /** What is left of this round. */
  readonly #round = new Map<LogChannel, LogTopic>()
  #steps: Steps<void> | undefined
  /** What this round has taken so far. */
  #busyMs = 0
  /** No round begins before. */
  #restUntil = 0
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(topic: LogTopic, channel: LogChannel): void {
    this.#unsaved.set(channel, topic)
    if (this.#steps === undefined) this.#rest()
  }

  drop(channel: LogChannel): void {
    this.#unsaved.delete(channel)
    this.#round.delete(channel)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
    this.#unsaved.clear()
    this.#round.clear()
  }

  #later(ms: number): void {
    if (this.#cancel !== undefined || this.#isClosed) return
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#run()
    })
  }

  /** One stretch of a round. */
  #run(): void {
    const start = this.#clock.now()
    this.#steps ??= this.#saveAll()
    let isDone: boolean
    let now: number
    do {
      isDone = this.#steps.next().done === true
      now = this.#clock.now()
    } while (!isDone && now - start <= STRETCH_MS)
    this.#busyMs += now - start
    if (!isDone) {
      this.#later(PAUSE_MS)
      return
    }
    this.#steps = undefined
    this.#restUntil = now + this.#busyMs * MAX_SHARE
    this.#busyMs = 0
    if (this.#unsaved.size > 0) this.#rest()
  }

  #rest(): void {
    this.#later(Math.max(INTERVAL_MS, this.#restUntil - this.#clock.now()))
  }

  *#saveAll(): Steps<void> {
    const round = this.#round
    for (const [channel, topic] of this.#unsaved) round.set(channel, topic)
    this.#unsaved.clear()
    for (const [channel, topic] of round) {
      round.delete(channel)
      yield* topic.saveChannelInSteps(channel)
      if (!topic.isExiting) topic.release()
      yield
    }
  }
}
