import type { Clock } from './clock.ts'
import type { LogChannel } from './log-channel.ts'
import type { LogTopic } from './log-topic.ts'

const INTERVAL_MS = 1_000
/** One stretch of writing takes at most about this long, then the event loop gets a pause. */
const STRETCH_MS = 4
const PAUSE_MS = 10
/** Writing checkpoints takes at most one part in so many of the time. */
const MAX_SHARE = 20

/**
 * Writes the checkpoints of channels that changed, about once a second. Many are spread out, so that deliveries never
 * wait long; channels that do not change cost nothing.
 */
export class Checkpointer {
  readonly #clock: Clock
  readonly #unsaved = new Map<LogChannel, LogTopic>()
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(topic: LogTopic, channel: LogChannel): void {
    this.#unsaved.set(channel, topic)
    this.#later(INTERVAL_MS)
  }

  drop(channel: LogChannel): void {
    this.#unsaved.delete(channel)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
    this.#unsaved.clear()
  }

  #later(ms: number): void {
    if (this.#cancel !== undefined || this.#isClosed) return
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#run()
    })
  }

  #run(): void {
    const start = this.#clock.now()
    const round = [...this.#unsaved]
    for (const [i, [channel, topic]] of round.entries()) {
      this.#unsaved.delete(channel)
      if (!topic.isExiting && !channel.isExiting) {
        topic.saveChannel(channel)
        topic.release()
      }
      const isLast = i === round.length - 1
      if (!isLast && this.#clock.now() - start > STRETCH_MS) {
        this.#later(PAUSE_MS)
        return
      }
    }
    if (this.#unsaved.size > 0) {
      this.#later(Math.max(INTERVAL_MS, (this.#clock.now() - start) * MAX_SHARE))
    }
  }
}
