// A thread that publishes one message at a time on a fixed schedule. It sleeps in `Atomics.wait`,
// which wakes within some tens of microseconds where a timer would take a millisecond.

import { parentPort, workerData } from 'node:worker_threads'
import type { LatencyJob } from './job.ts'
import { Link, type LinkOwner } from './link.ts'
import { BODY_SEQUENCE_AT, BODY_TIME_AT, monotonicNs, publishCommand } from './wire.ts'

export type PacerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'sent'; readonly lagsNs: Float64Array }
  | { readonly kind: 'failed'; readonly reason: string }

/** Long enough to cost nothing, short enough that the OKs are read now and then. */
const LONGEST_SLEEP_MS = 50
const SHORTEST_SLEEP_MS = 0.02
const WARM_UP_INTERVAL_NS = 1e6

class Pacer implements LinkOwner {
  readonly #job: LatencyJob
  readonly #post: (message: PacerMessage) => void
  readonly #link: Link
  readonly #lagsNs: Float64Array
  readonly #cell = new Int32Array(new SharedArrayBuffer(4))
  #command
  #startNs = 0
  #sent = 0
  #answered = 0

  constructor(job: LatencyJob, post: (message: PacerMessage) => void) {
    this.#job = job
    this.#post = post
    this.#lagsNs = new Float64Array(job.messages)
    this.#command = publishCommand(job.topic, 1, job.bodyBytes)
    this.#link = new Link(job.port, this)
    this.#link.isUp.then(() => post({ kind: 'ready' })).catch(() => {})
  }

  start(): void {
    this.#startNs = monotonicNs()
    this.#turn()
  }

  readonly #turn = (): void => {
    const total = this.#job.warmUpMessages + this.#job.messages
    while (this.#sent < total && this.#dueNs(this.#sent) <= monotonicNs()) this.#send()
    if (this.#sent === total) return
    const waitMs = (this.#dueNs(this.#sent) - monotonicNs()) / 1e6
    if (waitMs > SHORTEST_SLEEP_MS) {
      Atomics.wait(this.#cell, 0, 0, Math.min(waitMs, LONGEST_SLEEP_MS))
    }
    setImmediate(this.#turn)
  }

  #dueNs(index: number): number {
    const { warmUpMessages, messagesPerSecond } = this.#job
    if (index < warmUpMessages) return this.#startNs + index * WARM_UP_INTERVAL_NS
    const measuredFromNs = this.#startNs + warmUpMessages * WARM_UP_INTERVAL_NS
    return measuredFromNs + ((index - warmUpMessages) * 1e9) / messagesPerSecond
  }

  #send(): void {
    const { socket } = this.#link
    const { view, bodyAt, bytes } = this.#command
    const dueNs = this.#dueNs(this.#sent)
    view.setFloat64(bodyAt + BODY_TIME_AT, dueNs)
    view.setUint32(bodyAt + BODY_SEQUENCE_AT, this.#sent)
    const measured = this.#sent - this.#job.warmUpMessages
    if (measured >= 0) this.#lagsNs[measured] = monotonicNs() - dueNs
    this.#sent += 1
    socket.write(bytes)
    // What the kernel did not take at once the socket still holds: leave that buffer to it.
    if (socket.writableLength > 0) {
      this.#command = publishCommand(this.#job.topic, 1, this.#job.bodyBytes)
    }
  }

  onOk(): void {
    this.#answered += 1
    if (this.#answered === this.#job.warmUpMessages + this.#job.messages) {
      this.#post({ kind: 'sent', lagsNs: this.#lagsNs })
    }
  }

  onFailure(reason: string): void {
    this.#post({ kind: 'failed', reason })
  }

  onMessage(): void {
    this.onFailure('nsqd sent a message to a publisher')
  }

  onReadBegin(): void {}
  onReadEnd(): void {}
}

const port = parentPort
if (port === null) throw new Error('pacer runs as a worker thread')
const job: LatencyJob = workerData
const pacer = new Pacer(job, (message) => port.postMessage(message))
port.once('message', () => pacer.start())
