// Hot: counts how often every sequence number comes on every channel.

import type { ConsumerJob, ConsumerResult, Generator, Progress } from './job.ts'
import { Subscription, type Recorder } from './subscription.ts'
import { BODY_SEQUENCE_AT, monotonicNs } from './wire.ts'

export class Consumer implements Generator {
  readonly #job: ConsumerJob
  readonly #ledgers: Ledger[]
  readonly #subscriptions: Subscription[] = []
  #startedAtNs = 0

  constructor(job: ConsumerJob) {
    this.#job = job
    this.#ledgers = job.channels.map((channel) => new Ledger(channel, job))
  }

  async prepare(): Promise<void> {
    for (const ledger of this.#ledgers) {
      for (let i = 0; i < this.#job.connections; i += 1) {
        this.#subscriptions.push(
          new Subscription({ ...this.#job, channel: ledger.channel }, ledger),
        )
      }
    }
    await Promise.all(this.#subscriptions.map((subscription) => subscription.isUp))
  }

  start(): void {
    this.#startedAtNs = monotonicNs()
    for (const subscription of this.#subscriptions) subscription.start()
  }

  progress(): Progress {
    return {
      messages: this.#received(),
      isDone: false,
      failure: this.#ledgers.find((ledger) => ledger.failure !== undefined)?.failure,
    }
  }

  finish(): ConsumerResult {
    for (const subscription of this.#subscriptions) subscription.close()
    return {
      role: 'consumer',
      startedAtNs: this.#startedAtNs,
      endedAtNs: Math.max(...this.#ledgers.map((ledger) => ledger.lastReadAtNs)),
      received: this.#received(),
      seen: this.#ledgers.map((ledger) => ledger.seen),
      stray: this.#ledgers.reduce((sum, ledger) => sum + ledger.stray, 0),
    }
  }

  #received(): number {
    return this.#ledgers.reduce((sum, ledger) => sum + ledger.received, 0)
  }
}

class Ledger implements Recorder {
  readonly channel: string
  readonly seen: Uint8Array
  received = 0
  stray = 0
  lastReadAtNs = 0
  failure: string | undefined
  readonly #bodyBytes: number

  constructor(channel: string, { capacity, bodyBytes }: ConsumerJob) {
    this.channel = channel
    // Filled, not only allocated: first touch is paid here and not while messages come.
    this.seen = new Uint8Array(capacity).fill(0)
    this.#bodyBytes = bodyBytes
  }

  onReadBegin(): void {
    this.lastReadAtNs = monotonicNs()
  }

  onBody(view: DataView, bodyAt: number, bodyBytes: number): void {
    this.received += 1
    const sequence = bodyBytes === this.#bodyBytes ? view.getUint32(bodyAt + BODY_SEQUENCE_AT) : -1
    const count = this.seen[sequence]
    if (count === undefined) this.stray += 1
    else this.seen[sequence] = count + 1
  }

  onFailure(reason: string): void {
    this.failure ??= reason
  }
}
