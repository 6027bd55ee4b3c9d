import { asError } from './errors.ts'
import type { Publish } from './publish.ts'

interface Listening {
  readonly publishes: Set<Publish>
  readonly onAbort: () => void
}

/** Publishes that a signal may give up. One listener a signal, however many publishes share it: Node warns from 11 on. */
export class Aborts {
  readonly #bySignal = new Map<AbortSignal, Listening>()

  add(signal: AbortSignal, publish: Publish): void {
    let listening = this.#bySignal.get(signal)
    if (listening === undefined) {
      const publishes = new Set<Publish>()
      const onAbort = (): void => {
        this.#bySignal.delete(signal)
        for (const one of publishes) one.settle(asError(signal.reason))
      }
      listening = { publishes, onAbort }
      this.#bySignal.set(signal, listening)
      signal.addEventListener('abort', onAbort, { once: true })
    }
    listening.publishes.add(publish)
  }

  /** The publish has settled. */
  delete(signal: AbortSignal, publish: Publish): void {
    const listening = this.#bySignal.get(signal)
    if (listening === undefined || !listening.publishes.delete(publish)) return
    if (listening.publishes.size > 0) return
    this.#bySignal.delete(signal)
    signal.removeEventListener('abort', listening.onAbort)
  }
}
