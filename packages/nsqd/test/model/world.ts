import assert from 'node:assert/strict'

import type { LogChannel } from '../../src/log-channel.ts'
import type { Lender } from '../../src/log/chunk.ts'
import { Consumer, type ConsumerSettings } from '../support/consumer.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import type { Model, ModelChannel } from './model.ts'

/** Time goes in these steps; what is due, is due between two of them. */
export const STEP_MS = 100

/** Tells the model of what it gets. */
export class ModelConsumer extends Consumer {
  readonly modelChannel: ModelChannel
  readonly #model: Model

  constructor(
    channel: LogChannel,
    modelChannel: ModelChannel,
    model: Model,
    settings: ConsumerSettings,
  ) {
    super(channel, settings)
    this.modelChannel = modelChannel
    this.#model = model
  }

  override deliver(frames: Uint8Array, count: number, lender: Lender | undefined): void {
    super.deliver(frames, count, lender)
    assert.equal(this.modelChannel.isPaused, false, 'delivered though paused')
    for (const { id, body, attempts } of this.take()) {
      const number = Number.parseInt(body, 10)
      assert.equal(id, idOf(number))
      assert.equal(body, bodyOf(number, body.length))
      this.modelChannel.delivered(number, attempts, this.id, this.#model.now, this.msgTimeoutMs)
    }
  }
}

/** The broker under test and who consumes from it. */
export class World {
  broker: MemoryBroker
  consumers: ModelConsumer[] = []

  constructor(model: Model) {
    this.broker = new MemoryBroker({
      ackAfter: model.settings.ackAfter,
      msgTimeoutMs: 1_000,
      maxMsgTimeoutMs: model.settings.maxMsgTimeoutMs,
      memQueueSize: model.settings.memQueueSize,
      maxBytesPerFile: 1_024,
      tailBytes: 2 * 1024 * 1024,
      tailBytesPerTopic: 1024 * 1024,
    })
    this.broker.channel('t', 'a')
    model.channel('a')
  }

  channel(name: string): LogChannel {
    return this.broker.channel('t', name)
  }

  /** The turn ends, and all that comes of it. */
  run(model: Model): void {
    model.commit()
    this.broker.run()
    model.dropLag()
  }

  step(model: Model): void {
    model.now += STEP_MS
    for (const channel of model.channels.values()) channel.tick(model.now)
    this.broker.clock.advance(STEP_MS)
    this.run(model)
  }

  remove(model: Model, consumer: ModelConsumer): void {
    consumer.drain()
    consumer.leave()
    this.consumers = this.consumers.filter((other) => other !== consumer)
    const { modelChannel } = consumer
    modelChannel.left(consumer.id)
    const isLast = !this.consumers.some((other) => other.modelChannel === modelChannel)
    if (isLast && modelChannel.isEphemeral) model.channels.delete(modelChannel.name)
  }

  async reopen(model: Model, downSteps: number): Promise<void> {
    model.commit()
    const reopening = this.broker.reopen(downSteps * STEP_MS)
    const reopened = await reopening
    for (const consumer of this.consumers) consumer.drain()
    this.consumers = []
    this.broker = reopened
    model.now += downSteps * STEP_MS
    model.reopen()
    this.run(model)
  }

  assertSame(model: Model): void {
    const { t } = this.broker
    assert.deepEqual([...t.channels.keys()].toSorted(), [...model.channels.keys()].toSorted())
    for (const channel of t.channels.values()) {
      model.channels.get(channel.name)!.assertStats(channel.stats())
    }
    assert.equal(t.stats().depth, model.heldCount)
    for (const consumer of this.consumers) {
      const held = consumer.modelChannel.heldBy(consumer.id).length
      assert.equal(consumer.inFlight, held, 'in flight at a consumer')
    }
    assert.deepEqual(this.broker.notes, [])
  }

  /** After a turn nobody waits who could be served. */
  assertServed(model: Model): void {
    for (const channel of model.channels.values()) {
      const isServed = this.consumers.some(
        (consumer) => consumer.modelChannel === channel && consumer.room() > 0,
      )
      if (!isServed || channel.isPaused) continue
      assert.equal(channel.count('waiting'), 0, `${channel.name} waits though it is served`)
    }
  }
}

/** Node 7, the first topic. */
export function idOf(number: number): string {
  return `01c001${number.toString(16).padStart(10, '0')}`
}

export function bodyOf(number: number, bytes: number): string {
  return `${number} `.padEnd(bytes, String(number % 10))
}
