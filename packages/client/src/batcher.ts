// Gathers publishes to one topic into MPUBs.

import { Publish, type Heads } from './publish.ts'

export interface BatchLimits {
  readonly batchMaxMessages: number
  readonly batchMaxBytes: number
  readonly batchLingerMs: number
  readonly maxBodyBytes: number
}

interface Batch {
  bodies: Uint8Array[]
  members: Publish[]
  bytes: number
}

export class Batcher {
  readonly #limits: BatchLimits
  readonly #heads: Heads
  readonly #submit: (publish: Publish) => void
  readonly #open = new Map<string, Batch>()
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined

  /** @param submit takes a batch that is full or has waited long enough. */
  constructor(limits: BatchLimits, heads: Heads, submit: (publish: Publish) => void) {
    this.#limits = limits
    this.#heads = heads
    this.#submit = submit
  }

  /** @param publish settles with the batch it becomes part of. */
  add(topic: string, body: Uint8Array, publish: Publish): void {
    let batch = this.#open.get(topic)
    // size(int32) count(int32) and one size(int32) a body
    const framedBytes = batch === undefined ? 0 : batch.bytes + 4 * (batch.bodies.length + 2)
    if (batch !== undefined && framedBytes + body.length > this.#limits.maxBodyBytes) {
      this.#send(topic, batch)
      batch = undefined
    }
    if (batch === undefined) {
      batch = { bodies: [], members: [], bytes: 0 }
      this.#open.set(topic, batch)
    }
    batch.bodies.push(body)
    batch.members.push(publish)
    batch.bytes += body.length
    const { batchMaxMessages, batchMaxBytes } = this.#limits
    if (batch.bodies.length >= batchMaxMessages || batch.bytes >= batchMaxBytes) {
      this.#send(topic, batch)
    } else {
      this.#schedule()
    }
  }

  /** Sends what is gathered so far. */
  flush(): void {
    for (const [topic, batch] of this.#open) this.#send(topic, batch)
  }

  #send(topic: string, batch: Batch): void {
    this.#open.delete(topic)
    const { bodies, members, bytes } = batch
    const [only] = members
    if (members.length === 1 && only !== undefined) {
      this.#submit(only)
      return
    }
    const head = this.#heads.get('MPUB', topic)
    const settleAll = (_batch: Publish, error: Error | undefined): void => {
      for (const member of members) member.settle(error)
    }
    this.#submit(new Publish(head, bodies, bodies.length, bytes, settleAll))
  }

  #schedule(): void {
    if (this.#timer !== undefined) return
    const onTime = (): void => {
      this.#timer = undefined
      this.flush()
    }
    const { batchLingerMs } = this.#limits
    this.#timer = batchLingerMs === 0 ? setImmediate(onTime) : setTimeout(onTime, batchLingerMs)
  }
}
