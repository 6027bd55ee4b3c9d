import { inRounds, NotDelivered, type Delivery } from './delivery.ts'
import { Health } from './health.ts'
import type { Outlets } from './outlets.ts'

/** Messages that some outlets took and others did not, of which that is remembered. */
const MOST_REMEMBERED = 100_000
/** An outlet that is full is slow once a request of its takes longer than this. */
const SLOW_MS = 1_000

export interface ToAllSettings<M> {
  readonly outlets: Outlets<M>
  readonly retries: number
  /** Milliseconds that only go forward. */
  readonly now?: () => number
}

/**
 * Each message goes to every outlet, to all at once. When it comes back from nsqd it goes only to those that have not
 * taken it yet. An outlet that is dead or slow is passed over, so that the others go on; its messages come again.
 */
export class ToAll<M> implements Delivery<M> {
  readonly #outlets: Outlets<M>
  readonly #retries: number
  readonly #now: () => number
  readonly #health: readonly Health[]
  /** Which outlets a message still owes; the longest remembered first. Forgetting one means sending it to all again. */
  readonly #owed = new Map<string, readonly number[]>()

  constructor({ outlets, retries, now = () => performance.now() }: ToAllSettings<M>) {
    this.#outlets = outlets
    this.#retries = retries
    this.#now = now
    this.#health = Array.from({ length: outlets.size }, () => new Health())
  }

  async deliver(message: M, id: string, stop: AbortSignal): Promise<void> {
    const everyone = [...this.#health.keys()]
    let owed = this.#owed.get(id) ?? everyone
    this.#owed.delete(id)
    try {
      await inRounds(this.#retries, stop, async () => {
        const { left, errors } = await this.#sendTo(owed, message)
        const hasTaker = left.length < everyone.length
        owed = left
        if (left.length === 0) return
        const reason = errors.length > 0 ? errors.join('; ') : 'passed over an endpoint in trouble'
        throw new NotDelivered(reason, hasTaker)
      })
    } finally {
      if (owed.length > 0 && owed.length < everyone.length) this.#remember(id, owed)
    }
  }

  async #sendTo(
    owed: readonly number[],
    message: M,
  ): Promise<{ readonly left: readonly number[]; readonly errors: readonly string[] }> {
    const left: number[] = []
    const errors: string[] = []
    const sendOne = async (index: number): Promise<void> => {
      try {
        await this.#outlets.send(index, message)
        this.#health[index]?.revive()
      } catch (error) {
        this.#health[index]?.fail(this.#now())
        left.push(index)
        errors.push(error instanceof Error ? error.message : String(error))
      }
    }
    const sending: Promise<void>[] = []
    for (const index of owed) {
      if (this.#isOpen(index)) sending.push(sendOne(index))
      else left.push(index)
    }
    await Promise.all(sending)
    return { left, errors }
  }

  #isOpen(index: number): boolean {
    const nowMs = this.#now()
    if (this.#outlets.isFull(index) && this.#outlets.oldestMs(index, nowMs) > SLOW_MS) return false
    // With all of them dead there is nobody to go on for.
    if (this.#health.every(({ isDead }) => isDead)) return true
    return this.#health[index]?.take(nowMs) ?? false
  }

  #remember(id: string, owed: readonly number[]): void {
    this.#owed.set(id, owed)
    if (this.#owed.size <= MOST_REMEMBERED) return
    for (const oldest of this.#owed.keys()) {
      this.#owed.delete(oldest)
      break
    }
  }
}
