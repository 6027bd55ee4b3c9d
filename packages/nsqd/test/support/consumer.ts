import assert from 'node:assert/strict'

import {
  decodeMessage,
  FRAME_HEADER_BYTES,
  FRAME_TYPE_MESSAGE,
  frameBytesAt,
  readUint32,
} from '@tsq/protocol'

import type { AnswerOutcome } from '../../src/channel.ts'
import type { Lender } from '../../src/log/chunk.ts'
import type { LogChannel } from '../../src/log-channel.ts'
import type { Subscriber } from '../../src/subscriber.ts'

let lastId = 0

export interface Delivery {
  readonly id: string
  readonly body: string
  readonly attempts: number
  readonly timestampNs: bigint
}

export interface ConsumerSettings {
  readonly readyCount?: number
  readonly msgTimeoutMs?: number
  readonly sampleRate?: number
  /** Gives what it borrowed back only when told, as a socket that is slow to flush. */
  readonly isSlow?: boolean
}

/** A subscriber that answers as a test tells it, and checks what every session relies on. */
export class Consumer implements Subscriber {
  readonly id = ++lastId
  readonly msgTimeoutMs: number
  readonly sampleRate: number
  inFlight = 0
  isListed = false
  readyCount: number
  isPushedBack = false
  isClosed = false
  /** All that it ever got. */
  readonly deliveries: Delivery[] = []
  /** How many messages each slice held. */
  readonly slices: number[] = []
  readonly channel: LogChannel
  readonly #isSlow: boolean
  readonly #unflushed: { frames: Uint8Array; copy: Buffer; lender: Lender | undefined }[] = []
  #taken = 0

  constructor(channel: LogChannel, settings: ConsumerSettings = {}) {
    this.channel = channel
    this.readyCount = settings.readyCount ?? 1_000_000
    this.msgTimeoutMs = settings.msgTimeoutMs ?? 60_000
    this.sampleRate = settings.sampleRate ?? 0
    this.#isSlow = settings.isSlow ?? false
    channel.subscribe(this)
    channel.ready(this)
  }

  // ---- Subscriber -----------------------------------------------------------------------------------------------

  room(): number {
    return this.isPushedBack || this.isClosed ? 0 : this.readyCount - this.inFlight
  }

  deliver(frames: Uint8Array, count: number, lender: Lender | undefined): void {
    assert.ok(count > 0)
    assert.ok(this.inFlight <= this.readyCount, 'more in flight than the ready count')
    assert.ok(!this.isPushedBack && !this.isClosed, 'it can take nothing')
    this.slices.push(count)
    const copy = Buffer.from(frames)
    let at = 0
    for (let i = 0; i < count; i++) {
      const end = at + frameBytesAt(copy, at)
      assert.equal(readUint32(copy, at + 4), FRAME_TYPE_MESSAGE)
      const message = decodeMessage(copy.subarray(at + FRAME_HEADER_BYTES, end))
      this.deliveries.push({ ...message, body: message.body.toString('latin1') })
      at = end
    }
    assert.equal(at, copy.length, 'the slice holds whole frames')
    if (this.#isSlow) this.#unflushed.push({ frames, copy, lender })
    else lender?.release()
  }

  close(): void {
    this.isClosed = true
  }

  // ---- What tests do --------------------------------------------------------------------------------------------

  /** What came since the last call. */
  take(): Delivery[] {
    const taken = this.deliveries.slice(this.#taken)
    this.#taken = this.deliveries.length
    return taken
  }

  /** Bodies of what came since the last call. */
  takeBodies(): string[] {
    return this.take().map(({ body }) => body)
  }

  get newest(): Delivery {
    const last = this.deliveries.at(-1)
    assert.ok(last !== undefined, 'nothing was delivered')
    return last
  }

  finish({ id }: { id: string }): AnswerOutcome {
    return this.channel.finish(this, Buffer.from(id), 0)
  }

  requeue({ id }: { id: string }, delayMs: number): AnswerOutcome {
    return this.channel.requeue(this, Buffer.from(id), 0, delayMs)
  }

  touch({ id }: { id: string }): AnswerOutcome {
    return this.channel.touch(this, Buffer.from(id), 0)
  }

  /** Finishes what came since the last call, which must be its own, and returns the bodies. */
  finishAll(): string[] {
    return this.take().map((delivery) => {
      assert.equal(this.finish(delivery), 'done')
      return delivery.body
    })
  }

  setReady(count: number): void {
    this.readyCount = count
    this.channel.ready(this)
  }

  /** Its socket takes nothing more. */
  pushBack(): void {
    this.isPushedBack = true
  }

  /** Its socket has sent all: the borrowed bytes must still be what they were. */
  drain(): void {
    this.isPushedBack = false
    for (const { frames, copy, lender } of this.#unflushed.splice(0)) {
      assert.ok(copy.equals(frames), 'borrowed bytes changed')
      lender?.release()
    }
    this.channel.ready(this)
  }

  leave(): void {
    this.isClosed = true
    this.channel.unsubscribe(this)
  }
}

/** `['m1', 'm2', …]` */
export function bodies(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`)
}
