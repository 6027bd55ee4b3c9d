import { inRounds, NotDelivered, type Delivery } from './delivery.ts'
import type { Outlets } from './outlets.ts'
import type { Pool } from './pool.ts'

export interface ToOneSettings<M> {
  readonly outlets: Outlets<M>
  readonly pool: Pool
  /** How often all outlets are tried again, after a wait, before a message is given back. */
  readonly retries: number
}

/** Each message goes to one outlet: the pool's choice, and when that doesn't take it to each of the others in turn. */
export class ToOne<M> implements Delivery<M> {
  readonly #outlets: Outlets<M>
  readonly #pool: Pool
  readonly #retries: number

  constructor({ outlets, pool, retries }: ToOneSettings<M>) {
    this.#outlets = outlets
    this.#pool = pool
    this.#retries = retries
  }

  deliver(message: M, _id: string, stop: AbortSignal): Promise<void> {
    return inRounds(this.#retries, stop, () => this.#tryEach(message))
  }

  async #tryEach(message: M): Promise<void> {
    const tried = new Set<number>()
    let lastError: unknown
    for (;;) {
      const index = this.#pick(tried)
      if (index === undefined) {
        const reason = lastError instanceof Error ? lastError.message : 'no endpoint is alive'
        throw new NotDelivered(reason, false, lastError)
      }
      tried.add(index)
      try {
        const tookMs = await this.#outlets.send(index, message)
        this.#pool.succeeded(index, tookMs)
        return
      } catch (error) {
        this.#pool.failed(index)
        lastError = error
      }
    }
  }

  /** One that has its hands full is passed over, unless there is no other. */
  #pick(tried: ReadonlySet<number>): number | undefined {
    const isUntried = (index: number): boolean => !tried.has(index)
    const isFree = (index: number): boolean => isUntried(index) && !this.#outlets.isFull(index)
    return this.#pool.pick(isFree) ?? this.#pool.pick(isUntried)
  }
}
