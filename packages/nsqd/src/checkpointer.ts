import type { Clock } from './clock.ts'
import type { LogChannel } from './log-channel.ts'
import type { LogTopic } from './log-topic.ts'
import type { Steps } from './steps.ts'

const INTERVAL_MS = 1_000
/** One stretch of writing takes at most about this long, then the event loop gets a pause. */
const STRETCH_MS = 4
const PAUSE_MS = 10
/** Writing the checkpoints of a channel takes at most one part in so many of the time. */
const MAX_SHARE = 20

/**
 * Writes the checkpoints of channels that changed, in rounds about a second apart; one with much unsettled sits rounds out.
 * Many channels, and much of one, are spread out, so that deliveries never wait long; channels that do not change cost
 * nothing.
 */
export class Checkpointer {
  readonly #clock: Clock
  readonly #unsaved = new Map<LogChannel, LogTopic>()
  /** What is left of this round. */
  readonly #round = new Map<LogChannel, LogTopic>()
  #steps: Steps<void> | undefined
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(topic: LogTopic, channel: LogChannel): void {
    this.#unsaved.set(channel, topic)
    if (this.#steps === undefined) this.#later(INTERVAL_MS)
  }

  drop(channel: LogChannel): void {
    this.#unsaved.delete(channel)
    this.#round.delete(channel)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
    this.#steps?.return()
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
    this.#steps ??= this.#saveAll(start)
    let isDone: boolean
    do {
      isDone = this.#steps.next().done === true
    } while (!isDone && this.#clock.now() - start <= STRETCH_MS)
    if (!isDone) {
      this.#later(PAUSE_MS)
      return
    }
    this.#steps = undefined
    if (this.#unsaved.size > 0) this.#later(INTERVAL_MS)
  }

  *#saveAll(now: number): Steps<void> {
    for (const [channel, topic] of this.#unsaved) {
      if (channel.nextSaveMs > now) continue
      this.#unsaved.delete(channel)
      this.#round.set(channel, topic)
    }
    for (const [channel, topic] of this.#round) {
      this.#round.delete(channel)
      yield* this.#save(channel, topic)
      yield
    }
  }

  *#save(channel: LogChannel, topic: LogTopic): Steps<void> {
    const steps = topic.saveChannelInSteps(channel)
    let costMs = 0
    try {
      for (;;) {
        const start = this.#clock.now()
        const isDone = steps.next().done === true
        costMs += this.#clock.now() - start
        if (isDone) break
        yield
      }
    } finally {
      steps.return()
    }
    channel.nextSaveMs = this.#clock.now() + costMs * MAX_SHARE
    if (!topic.isExiting) topic.release()
  }
}
