// Prefers the fast, and looks at the others now and then: less often as time goes on.

import { HostPool } from './host-pool.ts'
import type { Pool, PoolSettings } from './pool.ts'

const FIRST_EXPLORATION = 0.3
const LEAST_EXPLORATION = 0.01
const EXPLORATION_DECAY = 0.9
const BUCKETS = 120
const BUCKET_MS = 2_500

/** The response times of the last five minutes, those of late weighing most. */
export class ResponseTimes {
  readonly #sums = new Float64Array(BUCKETS)
  readonly #counts = new Uint32Array(BUCKETS)
  /** Number of the newest bucket since time began; its place is that modulo BUCKETS. */
  #newest = 0

  add(tookMs: number, nowMs: number): void {
    this.#rotate(nowMs)
    const at = this.#newest % BUCKETS
    this.#sums[at] = (this.#sums[at] ?? 0) + tookMs
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
  }

  /** In milliseconds; 0 when nothing is known. A bucket in which nothing came repeats the one before it. */
  weighted(nowMs: number): number {
    this.#rotate(nowMs)
    let total = 0
    let last = 0
    for (let age = 1; age <= BUCKETS; age++) {
      const at = (this.#newest + age) % BUCKETS
      const count = this.#counts[at] ?? 0
      if (count > 0) last = (this.#sums[at] ?? 0) / count
      total += (last * age) / BUCKETS
    }
    return total
  }

  #rotate(nowMs: number): void {
    const current = Math.floor(nowMs / BUCKET_MS)
    const passed = Math.min(current - this.#newest, BUCKETS)
    for (let i = 0; i < passed; i++) {
      const at = (current - i) % BUCKETS
      this.#sums[at] = 0
      this.#counts[at] = 0
    }
    this.#newest = Math.max(this.#newest, current)
  }
}

/** Weighted by speed among those that are alive and have been timed; otherwise as {@link HostPool} does. */
export class EpsilonGreedy implements Pool {
  readonly #hosts: HostPool
  readonly #times: readonly ResponseTimes[]
  readonly #now: () => number
  readonly #random: () => number
  #exploration = FIRST_EXPLORATION

  constructor({ size, now = () => performance.now(), random = Math.random }: PoolSettings) {
    this.#hosts = new HostPool({ size, now })
    this.#times = Array.from({ length: size }, () => new ResponseTimes())
    this.#now = now
    this.#random = random
  }

  pick(isOpen: (index: number) => boolean): number | undefined {
    if (this.#random() < this.#exploration) {
      this.#exploration = Math.max(this.#exploration * EXPLORATION_DECAY, LEAST_EXPLORATION)
      return this.#hosts.pick(isOpen)
    }
    return this.#pickFast(isOpen) ?? this.#hosts.pick(isOpen)
  }

  succeeded(index: number, tookMs: number): void {
    this.#hosts.succeeded(index)
    this.#times[index]?.add(tookMs, this.#now())
  }

  failed(index: number): void {
    this.#hosts.failed(index)
  }

  #pickFast(isOpen: (index: number) => boolean): number | undefined {
    const nowMs = this.#now()
    const weights = this.#times.map((times, index) => {
      if (!isOpen(index) || this.#hosts.isDead(index)) return 0
      const averageMs = times.weighted(nowMs)
      return averageMs > 0 ? 1 / averageMs : 0
    })
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let left = this.#random() * total
    for (const [index, weight] of weights.entries()) {
      left -= weight
      if (weight > 0 && left < 0) return index
    }
    return undefined
  }
}
