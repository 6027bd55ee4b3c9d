import assert from 'node:assert/strict'

import * as fc from 'fast-check'

import type { Model } from './model.ts'
import { bodyOf, idOf, ModelConsumer, type World } from './world.ts'

/** What is done to the broker and to its model, and how it is printed. */
class Step implements fc.AsyncCommand<Model, World> {
  readonly #name: string
  readonly #run: (model: Model, world: World) => void | Promise<void>

  constructor(name: string, run: (model: Model, world: World) => void | Promise<void>) {
    this.#name = name
    this.#run = run
  }

  check(): boolean {
    return true
  }

  async run(model: Model, world: World): Promise<void> {
    await this.#run(model, world)
    world.assertSame(model)
  }

  toString(): string {
    return this.#name
  }
}

const MAX_CONSUMERS = 5
const which = fc.nat({ max: 999 })
const channelName = fc.constantFrom('a', 'a', 'b', 'c#ephemeral')
/** Due between two steps of time. */
const delay = fc.integer({ min: 0, max: 15 }).map((steps) => steps * 100 + 30)
const bodyBytes = fc.oneof(
  { weight: 6, arbitrary: fc.constant(60) },
  { weight: 1, arbitrary: fc.constant(50_000) },
)

const publish = fc.tuple(bodyBytes).map(
  ([bytes]) =>
    new Step(`publish ${bytes} bytes`, (model, world) => {
      world.broker.publish('t', bodyOf(model.publish(0), bytes))
    }),
)

const publishMany = fc.tuple(fc.integer({ min: 1, max: 30 }), bodyBytes).map(
  ([count, bytes]) =>
    new Step(`publish ${count} of ${bytes} bytes`, (model, world) => {
      const bodies = Array.from({ length: count }, () => bodyOf(model.publish(0), bytes))
      world.broker.publishMany('t', bodies)
    }),
)

const publishDeferred = delay.map(
  (delayMs) =>
    new Step(`publish in ${delayMs} ms`, (model, world) => {
      world.broker.publish('t', bodyOf(model.publish(delayMs), 60), delayMs)
    }),
)

const runTurn = fc.constant(
  new Step('run', (model, world) => {
    world.run(model)
    world.assertServed(model)
  }),
)

const advance = fc.integer({ min: 1, max: 12 }).map(
  (steps) =>
    new Step(`advance ${steps} steps`, (model, world) => {
      for (let i = 0; i < steps; i++) {
        world.step(model)
        world.assertSame(model)
        world.assertServed(model)
      }
    }),
)

const settings = fc.record(
  {
    readyCount: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 60 })),
    msgTimeoutMs: fc.constantFrom(450, 1_050),
    isSlow: fc.boolean(),
  },
  { noNullPrototype: true },
)

const subscribe = fc.tuple(channelName, settings).map(
  ([name, chosen]) =>
    new Step(`subscribe to ${name} ${JSON.stringify(chosen)}`, (model, world) => {
      if (world.consumers.length >= MAX_CONSUMERS) return
      const channel = world.channel(name)
      const consumer = new ModelConsumer(channel, model.channel(name), model, chosen)
      world.consumers.push(consumer)
    }),
)

/** Something that one of the consumers does. */
function byConsumer(
  name: string,
  at: number,
  run: (consumer: ModelConsumer, model: Model, world: World) => void,
): Step {
  return new Step(`consumer ${at} ${name}`, (model, world) => {
    const consumer = world.consumers[at % Math.max(world.consumers.length, 1)]
    if (consumer !== undefined) run(consumer, model, world)
  })
}

const unsubscribe = which.map((at) =>
  byConsumer('leaves', at, (consumer, model, world) => world.remove(model, consumer)),
)

const setReady = fc
  .tuple(which, fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 60 })))
  .map(([at, count]) => byConsumer(`is ready for ${count}`, at, (one) => one.setReady(count)))

const pushBack = which.map((at) => byConsumer('pushes back', at, (one) => one.pushBack()))
const drain = which.map((at) => byConsumer('drains', at, (one) => one.drain()))

/** Mostly what it holds; sometimes any message there was. */
function pick(consumer: ModelConsumer, model: Model, at: number): number {
  const held = consumer.modelChannel.heldBy(consumer.id)
  if (held.length === 0 || at % 10 === 0) return 1 + (at % (model.published + 1))
  return held[Math.floor((at / 1_000) * held.length)]!.number
}

const finish = fc.tuple(which, which).map(([at, message]) =>
  byConsumer(`finishes ${message}`, at, (consumer, model) => {
    const number = pick(consumer, model, message)
    const expected = consumer.modelChannel.outcomeFor(number, consumer.id)
    assert.equal(consumer.finish({ id: idOf(number) }), expected)
    if (expected === 'done') consumer.modelChannel.messages.delete(number)
  }),
)

const finishMost = fc.tuple(which, fc.integer({ min: 1, max: 9 })).map(([at, kept]) =>
  byConsumer(`finishes all but one in ${kept}`, at, (consumer) => {
    for (const [i, { number }] of consumer.modelChannel.heldBy(consumer.id).entries()) {
      if (kept > 1 && i % kept === 0) continue
      assert.equal(consumer.finish({ id: idOf(number) }), 'done')
      consumer.modelChannel.messages.delete(number)
    }
  }),
)

const requeue = fc
  .tuple(which, which, fc.oneof(fc.constant(0), delay))
  .map(([at, message, delayMs]) =>
    byConsumer(`requeues ${message} for ${delayMs} ms`, at, (consumer, model) => {
      const { modelChannel } = consumer
      const number = pick(consumer, model, message)
      const expected = modelChannel.outcomeFor(number, consumer.id)
      assert.equal(consumer.requeue({ id: idOf(number) }, delayMs), expected)
      if (expected !== 'done') return
      const entry = modelChannel.messages.get(number)!
      entry.state = delayMs > 0 ? 'deferred' : 'waiting'
      entry.due = model.now + delayMs
      modelChannel.requeueCount += 1
    }),
  )

const touch = fc.tuple(which, which).map(([at, message]) =>
  byConsumer(`touches ${message}`, at, (consumer, model) => {
    const number = pick(consumer, model, message)
    const expected = consumer.modelChannel.outcomeFor(number, consumer.id)
    assert.equal(consumer.touch({ id: idOf(number) }), expected)
    if (expected !== 'done') return
    const entry = consumer.modelChannel.messages.get(number)!
    const cap = entry.deliveredAt + model.settings.maxMsgTimeoutMs
    entry.deadline = Math.min(model.now + consumer.msgTimeoutMs, cap)
  }),
)

const pauseTopic = fc.boolean().map(
  (isPaused) =>
    new Step(isPaused ? 'pause topic' : 'unpause topic', (model, world) => {
      world.broker.t.setPaused(isPaused)
      model.setPaused(isPaused)
    }),
)

const emptyTopic = fc.constant(
  new Step('empty topic', (model, world) => {
    world.broker.t.empty()
    model.empty()
  }),
)

const pauseChannel = fc.tuple(channelName, fc.boolean()).map(
  ([name, isPaused]) =>
    new Step(`${isPaused ? 'pause' : 'unpause'} ${name}`, (model, world) => {
      const modelChannel = model.channels.get(name)
      if (modelChannel === undefined) return
      world.broker.t.setChannelPaused(world.channel(name), isPaused)
      modelChannel.isPaused = isPaused
    }),
)

const emptyChannel = channelName.map(
  (name) =>
    new Step(`empty ${name}`, (model, world) => {
      const modelChannel = model.channels.get(name)
      if (modelChannel === undefined) return
      world.broker.t.emptyChannel(world.channel(name))
      modelChannel.empty()
    }),
)

const makeChannel = fc.constant(
  new Step('make b', (model, world) => {
    world.channel('b')
    model.channel('b')
  }),
)

const deleteChannel = fc.constant(
  new Step('delete b', (model, world) => {
    if (!model.channels.has('b')) return
    const channel = world.channel('b')
    world.broker.t.deleteChannel(channel.name)
    model.channels.delete('b')
    for (const consumer of world.consumers) {
      if (consumer.channel === channel) world.remove(model, consumer)
    }
  }),
)

const reopen = fc.tuple(fc.boolean(), fc.nat({ max: 8 })).map(
  ([isGentle, downSteps]) =>
    new Step(
      `reopen after ${downSteps} steps${isGentle ? ', all having left' : ''}`,
      async (model, world) => {
        if (isGentle) for (const consumer of world.consumers) world.remove(model, consumer)
        await world.reopen(model, downSteps)
      },
    ),
)

/** What is done often stands more often. */
export const anyCommand: fc.Arbitrary<fc.AsyncCommand<Model, World>>[] = [
  publish,
  publishMany,
  publishMany,
  publishDeferred,
  runTurn,
  runTurn,
  runTurn,
  advance,
  subscribe,
  subscribe,
  unsubscribe,
  setReady,
  pushBack,
  drain,
  finish,
  finishMost,
  finishMost,
  requeue,
  requeue,
  touch,
  pauseTopic,
  pauseChannel,
  emptyTopic,
  emptyChannel,
  makeChannel,
  deleteChannel,
  reopen,
]
