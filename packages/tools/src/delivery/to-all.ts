import { inRounds, NotDelivered, type Delivery } from './delivery.ts'
import { Health } from './health.ts'
import type { Outlets } from './outlets.ts'

/** Messages that some outlets took and others did not, of which that is remembered. */
const MOST_REMEMBERED = 100_000
/** An outlet that is full is slow once a request of its takes longer than this. */
const SLOW_MS = 1_000

export interface ToAllSettings<M> {
  readonly outlets: Outlets<M>
  /** How often the outlets that owe a message are tried again, after a wait, before it is given back. */
  readonly retries: number
  readonly slowMs?: number
  /** Milliseconds that only go forward. */
  readonly now?: () => number
}

/** The outlets that a message still has to go to, and those among them that it is being sent to. */
interface Debt {
  readonly owed: Set<number>
  readonly running: Set<number>
}

/**
 * Each message goes to every outlet, to all at once. When it comes back from nsqd it goes only to those that have not
 * taken it yet. An outlet that is dead or slow is passed over, so that the others go on; its messages come again.
 */
export class ToAll<M> implements Delivery<M> {
  readonly #outlets: Outlets<M>
  readonly #retries: number
  readonly #slowMs: number
  readonly #now: () => number
  readonly #health: readonly Health[]
  /** The longest remembered first. To forget a message means to send it to all again. */
  readonly #debts = new Map<string, Debt>()

  constructor({ outlets, retries, slowMs = SLOW_MS, now = defaultNow }: ToAllSettings<M>) {
    this.#outlets = outlets
    this.#retries = retries
    this.#slowMs = slowMs
    this.#now = now
    this.#health = Array.from({ length: outlets.size }, () => new Health())
  }

  async deliver(message: M, id: string, stop: AbortSignal): Promise<void> {
    const debt = this.#debts.get(id) ?? { owed: new Set(this.#health.keys()), running: new Set() }
    this.#debts.delete(id)
    try {
      await inRounds(this.#retries, stop, () => this.#sendOwed(debt, message))
    } catch (error) {
      this.#remember(id, debt)
      throw error
    }
  }

  async #sendOwed(debt: Debt, message: M): Promise<void> {
    const errors: string[] = []
    const sending = [...debt.owed]
      .filter((index) => !debt.running.has(index) && this.#isOpen(index))
      .map((index) => this.#sendOne(index, debt, message, errors))
    await this.#settledOrStuck(Promise.all(sending), debt)
    if (debt.owed.size === 0) return
    const reason = errors.length > 0 ? errors.join('; ') : 'passed over an endpoint in trouble'
    throw new NotDelivered(reason, debt.owed.size < this.#health.length)
  }

  /** Never rejects. What comes of it counts even when nobody waits for it any more. */
  async #sendOne(index: number, debt: Debt, message: M, errors: string[]): Promise<void> {
    debt.running.add(index)
    try {
      await this.#outlets.send(index, message)
      debt.owed.delete(index)
      this.#health[index]?.revive()
    } catch (error) {
      this.#health[index]?.fail(this.#now())
      errors.push(error instanceof Error ? error.message : String(error))
    } finally {
      debt.running.delete(index)
    }
  }

  /** Waits no longer for outlets that have taken up their share of what can be under way at once. */
  async #settledOrStuck(settled: Promise<unknown>, { running }: Debt): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const stuck = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        if ([...running].every((index) => this.#outlets.isFull(index))) resolve()
      }, this.#slowMs)
    })
    await Promise.race([settled, stuck])
    clearInterval(timer)
  }

  #isOpen(index: number): boolean {
    const nowMs = this.#now()
    const isSlow = this.#outlets.oldestMs(index, nowMs) > this.#slowMs
    if (isSlow && this.#outlets.isFull(index)) return false
    // With all of them dead there is nobody to go on for.
    if (this.#health.every(({ isDead }) => isDead)) return true
    return this.#health[index]?.take(nowMs) ?? false
  }

  #remember(id: string, debt: Debt): void {
    this.#debts.set(id, debt)
    if (this.#debts.size <= MOST_REMEMBERED) return
    for (const oldest of this.#debts.keys()) {
      this.#debts.delete(oldest)
      break
    }
  }
}

function defaultNow(): number {
  return performance.now()
}
