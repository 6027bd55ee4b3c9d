// Producers and consumers whose connections to a real nsqd are split, delayed and cut at any byte. A seed repeats its
// choices, though not the timing.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

import { Consumer, NsqError, Producer, type ProducerOptions } from '@tsq/client'
import { TEST_CERT } from '@tsq/testing'

import { Random } from '@tsq/testing'
import { Nsqd } from './daemons.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { Programs } from './programs.ts'
import { until } from '@tsq/testing'

const IN_PARALLEL = 20
const PUBLISHES = 40
const MESSAGES = 30
const QUICK = { reconnectMinMs: 1, reconnectMaxMs: 5, heartbeatIntervalMs: 1_000 }
/** Nothing that is asked for may take longer; a hang fails. */
const HANG_MS = 30_000
const EXPECTED = new Set([
  'ok',
  'ERR_OUTCOME_UNKNOWN',
  'ERR_QUEUE_TIMEOUT',
  'ERR_CONNECT',
  'AbortError',
])

const tls = { tls: { ca: TEST_CERT, servername: 'localhost' } }
const kinds: readonly Omit<ProducerOptions, 'nsqd'>[] = [
  {},
  { deflate: true },
  { batchMaxMessages: 5 },
  { snappy: true },
  tls,
  { ...tls, snappy: true },
]

export interface FaultReport {
  readonly seeds: number
  readonly cuts: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly deliveries: number
}

export function describeFaults(report: FaultReport): string {
  const { seeds, cuts, outcomes, deliveries } = report
  const publishes = Object.entries(outcomes).map(([code, count]) => `${count} ${code}`)
  return `${seeds} seeds, ${cuts} connections cut; publishes: ${publishes.join(', ')}; ${deliveries} deliveries`
}

export class FaultRuns {
  readonly #nsqd: Nsqd
  readonly #confirmed = new Set<string>()
  readonly #outcomes: Record<string, number> = {}
  #cuts = 0
  #deliveries = 0

  private constructor(nsqd: Nsqd) {
    this.#nsqd = nsqd
  }

  /** Every second seed publishes, the others consume. */
  static async run(programs: Programs, firstSeed: number, seeds: number): Promise<FaultReport> {
    await using nsqd = await Nsqd.startWithTls(programs)
    const runs = new FaultRuns(nsqd)
    let next = firstSeed
    const worker = async (): Promise<void> => {
      while (next < firstSeed + seeds) await runs.#one(next++)
    }
    const before = resources()
    await Promise.all(Array.from({ length: IN_PARALLEL }, worker))
    await until(`no more resources than ${before}`, () => resources() === before, {
      timeoutMs: HANG_MS,
    })
    await runs.#findConfirmed()
    return {
      seeds,
      cuts: runs.#cuts,
      outcomes: runs.#outcomes,
      deliveries: runs.#deliveries,
    }
  }

  async #one(seed: number): Promise<void> {
    const random = new Random(seed)
    const isPublishing = seed % 2 === 0
    try {
      await using proxy = await FaultProxy.start(
        this.#nsqd.tcpPort,
        random,
        isPublishing ? 0.7 : 0.9,
      )
      const run = isPublishing
        ? this.#publish(seed, random, proxy)
        : this.#consume(seed, random, proxy)
      const hang = new AbortController()
      const limit = pause(HANG_MS, 'hang', { signal: hang.signal }).catch(() => 'over')
      assert.notEqual(await Promise.race([run, limit]), 'hang')
      hang.abort()
      await until('every socket is closed', () => proxy.open === 0, { timeoutMs: HANG_MS })
      this.#cuts += proxy.cuts
    } catch (cause) {
      throw new Error(`seed ${seed}: ${(cause as Error).message}`, { cause })
    }
  }

  async #publish(seed: number, random: Random, proxy: FaultProxy): Promise<void> {
    await using producer = new Producer({
      nsqd: proxy.address,
      ...QUICK,
      ...kinds[(seed / 2) % kinds.length],
      queueTimeoutMs: 5_000,
    })
    const { signal } = new AbortController()
    let settlements = 0
    const count = (): number => settlements++
    const publishOne = async (i: number): Promise<void> => {
      const name = `${seed}-${i}`
      const body = `${name} ${'.'.repeat(random.between(0, 300))}`
      const promise = producer.publish('publishes', body, random.chance(0.3) ? { signal } : {})
      promise.then(count, count)
      let code = 'ok'
      try {
        await promise
        this.#confirmed.add(name)
      } catch (error) {
        code = error instanceof NsqError ? error.code : String(error)
        assert.ok(EXPECTED.has(code), code)
      }
      this.#outcomes[code] = (this.#outcomes[code] ?? 0) + 1
    }
    const publishing: Promise<void>[] = []
    for (let i = 0; i < PUBLISHES; i++) {
      publishing.push(publishOne(i))
      if (random.chance(0.2)) await pause(random.next() * 3)
    }
    await Promise.all(publishing)
    assert.equal(settlements, PUBLISHES)
    const { pendingMessages, pendingBytes, messagesPublished, messagesFailed } = producer.stats
    assert.deepEqual([pendingMessages, pendingBytes], [0, 0])
    assert.equal(messagesPublished + messagesFailed, PUBLISHES)
    await producer.close()
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  }

  async #consume(seed: number, random: Random, proxy: FaultProxy): Promise<void> {
    const topic = `consume-${seed}#ephemeral`
    await using producer = new Producer({ nsqd: this.#nsqd.address })
    const bodies = Array.from({ length: MESSAGES }, (_, i) => `${i} ${'x'.repeat(100)}`)
    await producer.publishMany(topic, bodies)
    await using consumer = new Consumer({
      topic,
      channel: 'c',
      nsqd: proxy.address,
      maxInFlight: 10,
      maxAttempts: 0,
      maxBackoffMs: 0,
      requeueDelayMs: 0,
      closeTimeoutMs: 2_000,
      ...QUICK,
    })
    const { signal } = new AbortController()
    const finished = new Set<string>()
    const handler = async (message: { text(): string }): Promise<void> => {
      this.#deliveries++
      if (random.chance(0.5)) await pause(random.next() * 2)
      if (random.chance(0.2)) throw new Error('as told')
      finished.add(message.text())
    }
    consumer.run(handler, { signal })
    await until('every message is handled', () => finished.size === MESSAGES, {
      timeoutMs: HANG_MS,
    })
    await consumer.close()
    for (const commands of proxy.commands) {
      const answers = commands.filter((line) => /^(FIN|REQ) /.test(line))
      const ids = answers.map((line) => line.split(' ')[1])
      // A message that was requeued may come again to the same connection.
      const requeued = answers.filter((line) => line.startsWith('REQ')).length
      assert.ok(new Set(ids).size >= ids.length - requeued, 'a message was answered twice')
    }
    assert.equal(consumer.stats.messagesInFlight, 0)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  }

  /** Every publish reported as OK must be there. */
  async #findConfirmed(): Promise<void> {
    const missing = new Set(this.#confirmed)
    const where = { topic: 'publishes', channel: 'c', nsqd: this.#nsqd.address }
    await using consumer = new Consumer({ ...where, maxInFlight: 1_000 })
    consumer.run((message) => void missing.delete(message.text().split(' ')[0]!))
    await until('every confirmed message is there', () => missing.size === 0, {
      timeoutMs: HANG_MS,
    })
  }
}

/** What keeps this process alive: sockets, servers, timers. Files and pipes of the nsqd are the same before and after. */
function resources(): string {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) {
    if (/Timeout|Immediate|TCP|TLS|Zlib/.test(name)) counts[name] = (counts[name] ?? 0) + 1
  }
  return JSON.stringify(counts)
}
