import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { anyCommand } from './commands.ts'
import { Model } from './model.ts'
import { ModelConsumer, World } from './world.ts'

/** `TSQ_MODEL_RUNS=20000 node --test …` looks for longer. */
const RUNS = Number(process.env['TSQ_MODEL_RUNS'] ?? 150)
const LAST_STEPS = 40

/** Everything that is still owed comes in the end. */
function deliverAll(model: Model, world: World): void {
  for (const consumer of world.consumers) world.remove(model, consumer)
  world.broker.t.setPaused(false)
  model.setPaused(false)
  for (const modelChannel of model.channels.values()) {
    const channel = world.channel(modelChannel.name)
    world.broker.t.setChannelPaused(channel, false)
    modelChannel.isPaused = false
    const settings = { readyCount: 1_000_000, msgTimeoutMs: 1_050 }
    world.consumers.push(new ModelConsumer(channel, modelChannel, model, settings))
  }
  world.run(model)
  for (let i = 0; i < LAST_STEPS; i++) {
    for (const consumer of world.consumers) {
      for (const { number } of consumer.modelChannel.heldBy(consumer.id)) {
        const delivery = consumer.deliveries.find(
          ({ body }) => Number.parseInt(body, 10) === number,
        )
        assert.equal(consumer.finish(delivery!), 'done')
        consumer.modelChannel.messages.delete(number)
      }
    }
    world.step(model)
    world.assertSame(model)
    world.assertServed(model)
  }
  for (const { name, messages } of model.channels.values()) {
    assert.deepEqual([...messages.keys()], [], `never delivered by ${name}`)
  }
}

test('topics and channels do what a plain model of them does', async () => {
  const ackLevels = fc.constantFrom('write', 'memory', 'fsync')
  const { TSQ_MODEL_REPLAY: replayPath } = process.env
  const commands = fc.commands(anyCommand, {
    maxCommands: 120,
    size: 'max',
    ...(replayPath === undefined ? {} : { replayPath }),
  })
  await fc.assert(
    fc.asyncProperty(commands, ackLevels, async (all, ackAfter) => {
      const model = new Model({ ackAfter, maxMsgTimeoutMs: 2_050, memQueueSize: 20 })
      const world = new World(model)
      await fc.asyncModelRun(() => ({ model, real: world }), all)
      deliverAll(model, world)
      await world.reopen(model, 0)
      world.assertSame(model)
    }),
    { numRuns: RUNS, includeErrorInReport: true, ...replay() },
  )
})

/** `TSQ_MODEL_SEED` and `TSQ_MODEL_PATH` as a failure prints them, and its `replayPath` as `TSQ_MODEL_REPLAY`. */
function replay(): { seed?: number; path?: string } {
  const { TSQ_MODEL_SEED: seed, TSQ_MODEL_PATH: path } = process.env
  return {
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  }
}
