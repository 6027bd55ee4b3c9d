import type { Logger } from '@tsq/daemon'

import type { Topics } from './topics.ts'

const LOOK_EVERY_MS = 100
const TELL_EVERY_MS = 10_000

/**
 * On the way out: publishes are refused, deliveries go on, and once nothing waits, is in flight or deferred, `drained`
 * is resolved. What no consumer comes for keeps it waiting; a signal to stop ends it at any time, losing nothing.
 */
export class Drain {
  readonly drained: Promise<void>
  readonly #topics: Topics
  readonly #logger: Logger
  #resolve: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #toldMs = 0

  constructor(topics: Topics, logger: Logger) {
    this.#topics = topics
    this.#logger = logger
    this.drained = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Once is enough. */
  begin(): void {
    if (this.#topics.isDraining) return
    this.#topics.isDraining = true
    this.#toldMs = performance.now()
    this.#logger.info(`DRAIN: refusing publishes, ${this.left} messages left`)
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** Messages that are owed to somebody, counted once per channel. */
  get left(): number {
    let left = 0
    for (const topic of this.#topics.list()) {
      // What an ephemeral topic holds for nobody would not survive anyway.
      if (!topic.isEphemeral) left += topic.stats().depth
      for (const channel of topic.channels.values()) {
        const { depth, inFlightCount, deferredCount } = channel.stats()
        left += depth + inFlightCount + deferredCount
      }
    }
    return left
  }

  #look(): void {
    const { left } = this
    if (left === 0) {
      this.close()
      this.#logger.info('DRAIN: nothing is left')
      this.#resolve()
      return
    }
    if (performance.now() - this.#toldMs < TELL_EVERY_MS) return
    this.#toldMs = performance.now()
    this.#logger.info(`DRAIN: ${left} messages left`)
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
