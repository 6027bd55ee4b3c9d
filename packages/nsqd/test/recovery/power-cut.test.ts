// Lives of a broker that each end in a power cut at a random moment. What was not synced is lost, cut short or garbled,
// file by file. The seed of a failing run is in its message.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { NsqdOptions } from '../../src/options.ts'
import { bodiesOf, Broker, drain, freshFiles, type Reader, TOPIC } from '../support/broker.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { HARSHEST_CUT, type MemoryFiles, type PowerCut } from '../support/memory-files.ts'
import { Random } from '@tsq/testing'

const CHANNELS = ['billing', 'audit']
const LIVES = 6

/** Each file and each name meets a fate of its own. */
function randomCut(random: Random): PowerCut {
  return {
    isEntryKept: () => random.chance(0.5),
    contentLeft(_file, content, syncedBytes) {
      const unsynced = content.length - syncedBytes
      const kept = syncedBytes + random.below(unsynced + 1)
      const fate = random.below(4)
      if (fate === 0) return content.subarray(0, syncedBytes)
      if (fate === 1) return content
      if (fate === 2) return content.subarray(0, kept)
      // The length is there, the data is not.
      return content.fill(random.chance(0.5) ? 0 : random.below(256), kept)
    },
  }
}

class World {
  readonly random: Random
  readonly where: string
  readonly options: Partial<NsqdOptions>
  readonly clock = new FakeClock()
  files: MemoryFiles
  readonly published = new Set<string>()
  readonly acked = new Set<string>()
  /** `channel body` of what was finished. */
  readonly finished = new Set<string>()
  /** The same, of this life. A power cut may bring it back: only its checkpoint knew. */
  readonly #recent = new Set<string>()
  readonly bodyOfId = new Map<string, string>()
  #bodies = 0

  constructor(seed: number, options: Partial<NsqdOptions>) {
    this.random = new Random(seed)
    this.where = `seed ${seed}`
    this.options = { maxBytesPerFile: 2048, syncEvery: 50, ...options }
    const files = freshFiles()
    const broker = new Broker(files, this.options, this.clock)
    for (const name of CHANNELS) broker.channel(TOPIC, name)
    // As after a while: the topic and its channels are on the device.
    this.files = files.clone()
  }

  live(): void {
    const { random } = this
    const broker = new Broker(this.files, this.options, this.clock)
    const readers = CHANNELS.map((name) => broker.subscribe(TOPIC, name))
    this.#recent.clear()
    const open: ReturnType<Broker['publish']>[] = []
    const answer = (): void => {
      for (const ticket of open.splice(0)) {
        const outcome = broker.outcome(TOPIC, ticket)
        if (outcome === undefined) open.push(ticket)
        else if (outcome === '') for (const body of ticket.bodies) this.acked.add(body)
      }
    }
    const steps = 20 + random.below(150)
    for (let i = 0; i < steps; i++) {
      const what = random.next()
      if (what < 0.3) open.push(this.#publish(broker))
      else if (what < 0.9) broker.later.step()
      else if (what < 0.97) this.#finishSome(broker, readers)
      else broker.clock.advance(1_500)
      answer()
    }
    for (const reader of readers) this.#see(reader)
  }

  #publish(broker: Broker): ReturnType<Broker['publish']> {
    const bodies: string[] = []
    const count = this.random.chance(0.3) ? 1 + this.random.below(5) : 1
    for (let i = 0; i < count; i++) {
      const body = `message ${++this.#bodies}${'.'.repeat(this.random.below(120))}`
      this.published.add(body)
      bodies.push(body)
    }
    if (count > 1) return broker.publishMany(TOPIC, bodies)
    return broker.publish(TOPIC, bodies[0]!, this.random.chance(0.3) ? 3_000 : 0)
  }

  #finishSome(broker: Broker, readers: readonly Reader[]): void {
    for (const [i, reader] of readers.entries()) {
      for (const { id, body } of reader.received) {
        const key = `${CHANNELS[i]} ${body}`
        if (this.#recent.has(key) || this.random.chance(0.3)) continue
        if (broker.finish(TOPIC, CHANNELS[i]!, reader, id) !== 'done') continue
        this.finished.add(key)
        this.#recent.add(key)
      }
    }
  }

  #see(reader: Reader): void {
    for (const { id, body } of reader.received) {
      assert.ok(this.published.has(body), `${this.where}: nobody published ${body}`)
      assert.equal(this.bodyOfId.get(id) ?? body, body, `${this.where}: two messages with id ${id}`)
      this.bodyOfId.set(id, body)
    }
  }

  cut(): void {
    const cut = this.random.chance(0.2) ? HARSHEST_CUT : randomCut(this.random)
    this.files = this.files.afterPowerCut(cut)
  }

  /** Whatever is left comes out, and the broker goes on. */
  checkEnd(isDurable: boolean): void {
    const broker = new Broker(this.files, this.options, this.clock)
    for (const name of CHANNELS) {
      const left = new Set(bodiesOf(drain(broker, TOPIC, name)))
      for (const body of left) assert.ok(this.published.has(body), `${this.where}: ${body}`)
      if (!isDurable) continue
      for (const body of this.acked) {
        const isThere = left.has(body) || this.finished.has(`${name} ${body}`)
        assert.ok(isThere, `${this.where}: lost ${body} on ${name}`)
      }
    }
    const ticket = broker.publish(TOPIC, 'after all')
    broker.run()
    assert.equal(broker.outcome(TOPIC, ticket), '', this.where)
  }
}

function run(seed: number, options: Partial<NsqdOptions>): World {
  const world = new World(seed, options)
  for (let life = 0; life < LIVES; life++) {
    world.live()
    world.cut()
  }
  world.checkEnd(options.ackAfter === 'fsync')
  return world
}

test('with --ack-after=fsync what was acknowledged outlives power cuts', () => {
  let acked = 0
  for (let seed = 1; seed <= 60; seed++) acked += run(seed, { ackAfter: 'fsync' }).acked.size
  assert.ok(acked > 1_000, `${acked}`)
})

test('with --ack-after=write a power cut invents nothing and gives no id twice', () => {
  for (let seed = 1; seed <= 30; seed++) run(seed, { ackAfter: 'write' })
})

test('with --ack-after=memory a power cut invents nothing and gives no id twice', () => {
  for (let seed = 1; seed <= 30; seed++) run(seed, { ackAfter: 'memory' })
})

test('with --ack-after=fsync a channel stays paused, and unpaused, over a power cut', () => {
  const options = { ackAfter: 'fsync' } as const
  const clock = new FakeClock()
  const name = CHANNELS[0]!
  let files = freshFiles()
  for (const isPaused of [true, false]) {
    const broker = new Broker(files, options, clock)
    const channel = broker.channel(TOPIC, name)
    const reader = broker.subscribe(TOPIC, name)
    broker.publish(TOPIC, 'a')
    broker.run()
    broker.topic(TOPIC).setChannelPaused(channel, isPaused)
    // A checkpoint that nobody waits for goes over the one that was synced.
    for (const { id } of reader.received) broker.finish(TOPIC, name, reader, id)
    clock.advance(1_500)
    broker.run()
    for (const cut of [HARSHEST_CUT, { ...HARSHEST_CUT, isEntryKept: () => true }]) {
      const after = new Broker(files.afterPowerCut(cut), options, clock)
      assert.equal(after.channel(TOPIC, name).isPaused, isPaused)
    }
    files = files.afterPowerCut(HARSHEST_CUT)
  }
})
