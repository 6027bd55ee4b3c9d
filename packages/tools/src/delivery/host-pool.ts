import { Health } from './health.ts'
import type { Pool, PoolSettings } from './pool.ts'

/** Round robin over the destinations that are alive. */
export class HostPool implements Pool {
  readonly #hosts: readonly Health[]
  readonly #now: () => number
  #next = 0

  constructor({ size, now = () => performance.now() }: PoolSettings) {
    this.#hosts = Array.from({ length: size }, () => new Health())
    this.#now = now
  }

  pick(isOpen: (index: number) => boolean): number | undefined {
    const nowMs = this.#now()
    const size = this.#hosts.length
    for (let i = 0; i < size; i++) {
      const index = (this.#next + i) % size
      if (!isOpen(index) || this.#hosts[index]?.take(nowMs) !== true) continue
      this.#next = (index + 1) % size
      return index
    }
    if (!this.#hosts.every(({ isDead }) => isDead)) return undefined
    // With all of them dead nothing is known any more.
    for (const host of this.#hosts) host.revive()
    this.#next = 0
    const first = this.#hosts.findIndex((_, index) => isOpen(index))
    return first < 0 ? undefined : first
  }

  isDead(index: number): boolean {
    return this.#hosts[index]?.isDead ?? false
  }

  succeeded(index: number): void {
    this.#hosts[index]?.revive()
  }

  failed(index: number): void {
    this.#hosts[index]?.fail(this.#now())
  }
}
