// The command sequences every NSQ client must produce, with a real nsqd behind a proxy that listens in. The same with a
// fake nsqd, whose every answer is chosen, stand in packages/client/test/consumer-transcript.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Consumer, Producer, type Message } from '@tsq/client'

import type { Nsqd } from './daemons.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { Shared } from './shared.ts'
import { until } from '@tsq/testing'

/** Long enough that what is requeued stays away. */
const AWAY_MS = 60_000

class Play implements AsyncDisposable {
  readonly #topic: string
  readonly #producer: Producer
  readonly proxy: FaultProxy
  readonly consumer: Consumer

  private constructor(nsqd: Nsqd, topic: string, proxy: FaultProxy, maxInFlight: number) {
    this.#topic = topic
    this.proxy = proxy
    this.#producer = new Producer({ nsqd: nsqd.address })
    this.consumer = new Consumer({
      topic,
      channel: 'c',
      nsqd: proxy.address,
      maxInFlight,
      requeueDelayMs: AWAY_MS,
      backoffMultiplierMs: 5,
      reconnectMinMs: 5,
      reconnectMaxMs: 10,
      outputBufferSize: -1,
    })
    this.consumer.run(obey)
  }

  static async start(shared: Shared, maxInFlight: number): Promise<Play> {
    const nsqd = await shared.plain()
    const proxy = await FaultProxy.startFaultless(nsqd.tcpPort)
    return new Play(nsqd, shared.topic(), proxy, maxInFlight)
  }

  /** What the last connection's client said, message ids left out. */
  get commands(): string[] {
    const lines = this.proxy.commands.at(-1) ?? []
    return lines.map((line) => line.replace(/ [\da-f]{16}/, '').replace(this.#topic, 't'))
  }

  publish(body: string): Promise<void> {
    return this.#producer.publish(this.#topic, body)
  }

  async reached(expected: readonly string[]): Promise<void> {
    const missing = (): string => `${expected.join(', ')}; there is ${this.commands.join(', ')}`
    await until(missing(), () => this.commands.length >= expected.length)
    assert.deepEqual(this.commands, expected)
  }

  /** Publishes each body once as many commands have come as its key says. */
  async play(expected: readonly string[], bodies: Readonly<Record<number, string>>): Promise<void> {
    for (let i = 0; i < expected.length; i++) {
      await until(`command ${i}`, () => this.commands.length >= i)
      const body = bodies[i]
      if (body !== undefined) await this.publish(body)
    }
    await this.reached(expected)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.consumer.close()
    await this.#producer.close()
    await this.proxy[Symbol.asyncDispose]()
  }
}

function obey(message: Message): void {
  const said = message.text()
  if (said === 'bad') throw new Error('as told')
  if (said === 'requeue') message.requeue(AWAY_MS)
  if (said === 'requeue without back-off') message.requeue(AWAY_MS, { backoff: false })
}

const REQ = `REQ ${AWAY_MS}`

export function commandSequenceTests(shared: Shared): void {
  void test('2. commands for 3 good, 2 bad, 2 good', async () => {
    await using play = await Play.start(shared, 5)
    const expected = ['SUB t c', 'RDY 5', 'FIN', 'FIN', 'FIN', 'RDY 0', REQ, 'RDY 1', 'RDY 0', REQ]
    expected.push('RDY 1', 'RDY 0', 'FIN', 'RDY 1', 'RDY 5', 'FIN')
    const good = { 2: 'good', 3: 'good', 4: 'good', 11: 'good', 14: 'good' }
    await play.play(expected, { ...good, 5: 'bad', 8: 'bad' })
  })

  void test('2. commands for requeue, requeue without back-off, good', async () => {
    await using play = await Play.start(shared, 1)
    const expected = ['SUB t c', 'RDY 1', 'RDY 0', REQ, 'RDY 1', 'RDY 0', REQ, 'RDY 1', 'FIN']
    await play.play(expected, { 2: 'requeue', 5: 'requeue without back-off', 8: 'good' })
  })

  void test('2. commands for back-off, disconnect, reconnect', async () => {
    await using play = await Play.start(shared, 5)
    await play.reached(['SUB t c', 'RDY 5'])
    await play.publish('bad')
    await until('REQ', () => play.commands.includes(REQ))
    play.proxy.cutAll()
    await until('a second connection', () => play.proxy.taps.length === 2)
    await play.reached(['SUB t c', 'RDY 1'])
    await play.publish('good')
    await play.reached(['SUB t c', 'RDY 1', 'RDY 5', 'FIN'])
    await play.publish('good')
    await play.reached(['SUB t c', 'RDY 1', 'RDY 5', 'FIN', 'FIN'])
  })

  void test('2. commands for pause and resume', async () => {
    await using play = await Play.start(shared, 5)
    await play.reached(['SUB t c', 'RDY 5'])
    await play.publish('good')
    await play.reached(['SUB t c', 'RDY 5', 'FIN'])
    play.consumer.setMaxInFlight(0)
    await play.reached(['SUB t c', 'RDY 5', 'FIN', 'RDY 0'])
    play.consumer.setMaxInFlight(5)
    await play.reached(['SUB t c', 'RDY 5', 'FIN', 'RDY 0', 'RDY 5'])
  })
}
