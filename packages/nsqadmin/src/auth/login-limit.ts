const WINDOW_MS = 5 * 60_000
/** For one name from one address; more for an address as a whole, which may be a proxy. */
const MAX_FAILURES = 5
const MAX_FAILURES_PER_ADDRESS = 50
const MAX_KEPT = 10_000

interface Failures {
  count: number
  readonly since: number
}

/** Slows down whoever guesses passwords. */
export class LoginLimit {
  readonly #now: () => number
  /** Oldest first. */
  readonly #failures = new Map<string, Failures>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** How long somebody must wait before the next try; 0 when not at all. */
  waitMs(address: string, user: string): number {
    return Math.max(
      this.#waitOf(address, MAX_FAILURES_PER_ADDRESS),
      this.#waitOf(`${address} ${user}`, MAX_FAILURES),
    )
  }

  failed(address: string, user: string): void {
    this.#count(address)
    this.#count(`${address} ${user}`)
  }

  succeeded(address: string, user: string): void {
    this.#failures.delete(`${address} ${user}`)
  }

  #waitOf(key: string, limit: number): number {
    const known = this.#failures.get(key)
    if (known === undefined || known.count < limit) return 0
    return Math.max(0, known.since + WINDOW_MS - this.#now())
  }

  #count(key: string): void {
    const now = this.#now()
    const known = this.#failures.get(key)
    if (known !== undefined && known.since + WINDOW_MS > now) {
      known.count += 1
      return
    }
    this.#failures.delete(key)
    this.#failures.set(key, { count: 1, since: now })
    if (this.#failures.size <= MAX_KEPT) return
    const [oldest] = this.#failures.keys()
    if (oldest !== undefined) this.#failures.delete(oldest)
  }
}
