// RDY over several nsqd, as the wire shows it. The rules with fake time, among them that the sum never passes the limit
// at any instant, are held in packages/client/test/ready-control.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Consumer, Producer } from '@tsq/client'

import { Nsqd } from './daemons.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { Programs } from './programs.ts'
import type { Shared } from './shared.ts'
import { until } from '@tsq/testing'

const NODES = 3

/** Several nsqd, each behind a proxy that listens in. */
class Cluster implements AsyncDisposable {
  readonly nsqd: Nsqd[] = []
  readonly proxies: FaultProxy[] = []

  static async start(programs: Programs): Promise<Cluster> {
    const cluster = new Cluster()
    for (let i = 0; i < NODES; i++) {
      const nsqd = await Nsqd.start(programs)
      cluster.nsqd.push(nsqd)
      cluster.proxies.push(await FaultProxy.startFaultless(nsqd.tcpPort))
    }
    return cluster
  }

  /** One nsqd that looks like several. */
  static async startOver(nsqd: Nsqd): Promise<Cluster> {
    const cluster = new Cluster()
    for (let i = 0; i < NODES; i++) {
      cluster.proxies.push(await FaultProxy.startFaultless(nsqd.tcpPort))
    }
    return cluster
  }

  /** The RDY count each nsqd was told last. */
  get ready(): number[] {
    return this.proxies.map(({ commands }) => {
      const counts = commands.flat().filter((line) => line.startsWith('RDY '))
      return Number(counts.at(-1)?.slice('RDY '.length) ?? 0)
    })
  }

  async publishEverywhere(bodies: readonly string[]): Promise<void> {
    for (const [i, { address }] of this.nsqd.entries()) {
      await using producer = new Producer({ nsqd: address })
      await producer.publishMany(
        't',
        bodies.map((body) => `${i} ${body}`),
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [...this.proxies, ...this.nsqd]) await one[Symbol.asyncDispose]()
  }
}

export function readyTests(shared: Shared): void {
  void test('3. RDY is shared out over all nsqd, and again when maxInFlight changes', async () => {
    await using cluster = await Cluster.startOver(await shared.plain())
    await using consumer = new Consumer({
      topic: shared.topic(),
      channel: 'c',
      nsqd: cluster.proxies.map(({ address }) => address),
      maxInFlight: 7,
    })
    consumer.run(() => {})
    const shares = async (maxInFlight: number, wanted: readonly number[]): Promise<void> => {
      consumer.setMaxInFlight(maxInFlight)
      await until(`RDY ${wanted.join(', ')}`, () => {
        const ready = cluster.ready.toSorted((a, b) => b - a)
        return ready.join() === wanted.join()
      })
    }
    await shares(7, [3, 2, 2])
    await shares(3, [1, 1, 1])
    await shares(0, [0, 0, 0])
    await shares(300, [100, 100, 100])
  })

  void test('3. with fewer maxInFlight than nsqd each has its turn, and no more is in hand than allowed', async () => {
    await using cluster = await Cluster.start(shared.programs)
    const bodies = Array.from({ length: 40 }, (_, i) => `m${i}`)
    await cluster.publishEverywhere(bodies)
    await using consumer = new Consumer({
      topic: 't',
      channel: 'c',
      nsqd: cluster.proxies.map(({ address }) => address),
      maxInFlight: 2,
      outputBufferSize: -1,
    })
    const seen = new Set<string>()
    let most = 0
    consumer.run((message) => {
      most = Math.max(most, consumer.stats.messagesInFlight)
      seen.add(message.text())
    })
    await until('every message of every nsqd', () => seen.size === NODES * bodies.length)
    assert.ok(most <= 2, `${most} in hand`)
    for (const { commands } of cluster.proxies) {
      assert.ok(commands.flat().every((line) => !/^RDY (?![012]$)/.test(line)))
    }
  })
}
