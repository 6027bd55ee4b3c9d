// Open-loop latency: a thread publishes on a fixed schedule whether or not anything comes back, and
// this one subscribes. Latency counts from when a message was *meant* to be sent, so a stall cannot
// hide behind messages that were never sent during it.

import { Worker } from 'node:worker_threads'
import type { Generator, LatencyJob, LatencyResult, Progress } from './job.ts'
import type { PacerMessage } from './pacer.ts'
import { Subscription, type Recorder } from './subscription.ts'
import { BODY_SEQUENCE_AT, BODY_TIME_AT, monotonicNs } from './wire.ts'

export class Latency implements Generator, Recorder {
  readonly #job: LatencyJob
  readonly #latenciesNs: Float64Array
  readonly #seen: Uint8Array
  #worker: Worker | undefined
  #subscription: Subscription | undefined
  #sendLagsNs: Float64Array | undefined
  #startedAtNs = 0
  #readAtNs = 0
  #received = 0
  #duplicates = 0
  #stray = 0
  #failure: string | undefined

  constructor(job: LatencyJob) {
    this.#job = job
    this.#latenciesNs = new Float64Array(job.messages)
    this.#seen = new Uint8Array(job.warmUpMessages + job.messages)
  }

  async prepare(): Promise<void> {
    this.#subscription = new Subscription(this.#job, this)
    await this.#subscription.isUp
    this.#subscription.start()
    const worker = new Worker(new URL('./pacer.js', import.meta.url), { workerData: this.#job })
    this.#worker = worker
    worker.on('error', (error) => this.onFailure(error.message))
    await new Promise<void>((resolve) => {
      worker.on('message', (message: PacerMessage) => {
        if (message.kind === 'ready') resolve()
        else if (message.kind === 'sent') this.#sendLagsNs = message.lagsNs
        else this.onFailure(`publisher: ${message.reason}`)
      })
    })
  }

  start(): void {
    this.#startedAtNs = monotonicNs()
    this.#worker?.postMessage('start')
  }

  progress(): Progress {
    const total = this.#job.warmUpMessages + this.#job.messages
    return {
      messages: this.#received,
      isDone: this.#sendLagsNs !== undefined && this.#received >= total,
      failure: this.#failure,
    }
  }

  finish(): LatencyResult {
    this.#subscription?.close()
    void this.#worker?.terminate()
    const measured = this.#seen.subarray(this.#job.warmUpMessages)
    return {
      role: 'latency',
      startedAtNs: this.#startedAtNs,
      endedAtNs: this.#readAtNs,
      latenciesNs: this.#latenciesNs.filter((_, index) => measured[index] !== 0).toSorted(),
      sendLagsNs: (this.#sendLagsNs ?? new Float64Array(0)).toSorted(),
      missing: this.#seen.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0),
      duplicates: this.#duplicates,
      stray: this.#stray,
    }
  }

  onReadBegin(): void {
    this.#readAtNs = monotonicNs()
  }

  onBody(view: DataView, bodyAt: number, bodyBytes: number): void {
    this.#received += 1
    const isWhole = bodyBytes === this.#job.bodyBytes
    const sequence = isWhole ? view.getUint32(bodyAt + BODY_SEQUENCE_AT) : -1
    const count = this.#seen[sequence]
    if (count === undefined) this.#stray += 1
    else if (count > 0) this.#duplicates += 1
    else {
      this.#seen[sequence] = 1
      const measured = sequence - this.#job.warmUpMessages
      const latencyNs = this.#readAtNs - view.getFloat64(bodyAt + BODY_TIME_AT)
      if (measured >= 0) this.#latenciesNs[measured] = latencyNs
    }
  }

  onFailure(reason: string): void {
    this.#failure ??= reason
  }
}
