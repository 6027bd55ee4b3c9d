// Hot: one subscribed connection. It hands each message to a recorder and answers all messages of
// a read with one write of FINs, the way NSQ's bench_reader does.

import { Link, MAX_FRAME_BYTES, type LinkOwner } from './link.ts'
import { BODY_AT, FIN_BYTES, ID_AT, ready, subscribe } from './wire.ts'

export interface Recorder {
  onReadBegin(): void
  /** The view is borrowed until this returns. */
  onBody(view: DataView, bodyAt: number, bodyBytes: number): void
  onFailure(reason: string): void
}

export interface SubscriptionOptions {
  readonly port: number
  readonly topic: string
  readonly channel: string
  readonly readyCount: number
  readonly bodyBytes: number
}

export class Subscription implements LinkOwner {
  /** Resolves when nsqd has answered SUB. */
  readonly isUp: Promise<void>
  readonly #recorder: Recorder
  readonly #link: Link
  readonly #readyCount: number
  readonly #fullCount: number
  #finish: FinishBuffer
  #count = 0
  #setUp: () => void = () => {}
  #setFailed: (reason: Error) => void = () => {}

  constructor(options: SubscriptionOptions, recorder: Recorder) {
    this.#recorder = recorder
    this.#readyCount = options.readyCount
    this.#fullCount = Math.ceil(MAX_FRAME_BYTES / (BODY_AT + options.bodyBytes))
    this.#finish = finishBuffer(this.#fullCount)
    this.isUp = new Promise((resolve, reject) => {
      this.#setUp = resolve
      this.#setFailed = reject
    })
    this.#link = new Link(options.port, this, subscribe(options.topic, options.channel))
  }

  /** Nothing is delivered before this. */
  start(): void {
    this.#link.socket.write(ready(this.#readyCount))
  }

  close(): void {
    this.#link.close()
  }

  onReadBegin(): void {
    this.#recorder.onReadBegin()
  }

  onMessage(view: DataView, at: number, bytes: number): void {
    const finish = this.#finish.view
    const from = at + ID_AT
    const to = this.#count * FIN_BYTES + 4
    finish.setUint32(to, view.getUint32(from))
    finish.setUint32(to + 4, view.getUint32(from + 4))
    finish.setUint32(to + 8, view.getUint32(from + 8))
    finish.setUint32(to + 12, view.getUint32(from + 12))
    this.#count += 1
    this.#recorder.onBody(view, at + BODY_AT, bytes - BODY_AT)
    if (this.#count === this.#fullCount) this.onReadEnd()
  }

  onReadEnd(): void {
    if (this.#count === 0) return
    const { socket } = this.#link
    socket.write(this.#finish.bytes.subarray(0, this.#count * FIN_BYTES))
    this.#count = 0
    // What the kernel did not take at once the socket still holds: leave that buffer to it.
    if (socket.writableLength > 0) this.#finish = finishBuffer(this.#fullCount)
  }

  onOk(): void {
    this.#setUp()
  }

  onFailure(reason: string): void {
    this.#setFailed(new Error(reason))
    this.#recorder.onFailure(`consumer: ${reason}`)
  }
}

interface FinishBuffer {
  readonly bytes: Buffer
  readonly view: DataView
}

function finishBuffer(count: number): FinishBuffer {
  const bytes = Buffer.from(`FIN ${' '.repeat(16)}\n`.repeat(count), 'latin1')
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}
