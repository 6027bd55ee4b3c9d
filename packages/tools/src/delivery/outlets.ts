import assert from 'node:assert/strict'

/** A place a message can be sent to: a URL, an nsqd. */
export interface Outlet<M> {
  /** As the command line has it. */
  readonly name: string
  /** Resolves once the other side has taken the message; rejects when it has not, or may not have. */
  send(message: M): Promise<void>
}

/** What is told of each attempt: for the status lines and the log. */
export interface DeliveryEvents {
  onSent(index: number, tookMs: number): void
  onFailed(index: number, error: Error, tookMs: number): void
}

/** A request that runs. */
interface Running {
  readonly beganAtMs: number
}

/** The outlets, and what each of them has in hand now. */
export class Outlets<M> {
  readonly #outlets: readonly Outlet<M>[]
  readonly #events: DeliveryEvents
  /** Of each outlet, the oldest first. */
  readonly #running: readonly Set<Running>[]
  /** The part of the requests running at once that is each outlet's own. */
  readonly #share: number

  /** @param concurrency most messages that are delivered at once. */
  constructor(outlets: readonly Outlet<M>[], concurrency: number, events: DeliveryEvents) {
    this.#outlets = outlets
    this.#events = events
    this.#running = outlets.map(() => new Set())
    this.#share = Math.max(1, Math.floor(concurrency / outlets.length))
  }

  get size(): number {
    return this.#outlets.length
  }

  /** Whether it has its share in hand while another has not: what more it got would keep the other waiting. */
  isFull(index: number): boolean {
    return this.#hasShare(index) && this.#running.some((_, other) => !this.#hasShare(other))
  }

  /** How long its oldest request has been running; 0 for none. */
  oldestMs(index: number, nowMs: number): number {
    for (const { beganAtMs } of this.#running[index] ?? []) return nowMs - beganAtMs
    return 0
  }

  /**
   * @returns how long it took, in milliseconds.
   * @throws what the outlet failed with.
   */
  async send(index: number, message: M): Promise<number> {
    const outlet = this.#outlets[index]
    const running = this.#running[index]
    assert(outlet !== undefined && running !== undefined, `no outlet ${index}`)
    const request = { beganAtMs: performance.now() }
    running.add(request)
    try {
      await outlet.send(message)
      const tookMs = performance.now() - request.beganAtMs
      this.#events.onSent(index, tookMs)
      return tookMs
    } catch (error) {
      const failure = asError(error)
      this.#events.onFailed(index, failure, performance.now() - request.beganAtMs)
      throw failure
    } finally {
      running.delete(request)
    }
  }

  #hasShare(index: number): boolean {
    return (this.#running[index]?.size ?? 0) >= this.#share
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}
