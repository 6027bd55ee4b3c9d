// Kills nsqd under a producer that has 1,000 publishes outstanding, again and again, and accounts for every one.

import assert from 'node:assert/strict'

import { Consumer, NsqError, Producer } from '@tsq/client'

import { Random } from '@tsq/testing'
import { Nsqd } from './daemons.ts'
import type { Programs } from './programs.ts'
import { until } from '@tsq/testing'

const OUTSTANDING = 1_000
/** Large enough that nsqd reads what is outstanding in many pieces, and dies between two of them. */
const LONGEST_FILLER_BYTES = 2_000
/** Answers before a kill, so that some are OK. */
const LEAST_ANSWERS = 500
const MOST_ANSWERS = 3_000
const TOPIC = 'kills'
const CONSUME_LIMIT_MS = 120_000

export interface KillReport {
  readonly kills: number
  readonly published: number
  readonly confirmed: number
  /** Publishes whose connection went before their answer came. */
  readonly unknown: number
  /** The fewest that were written and unanswered at the instant of a kill. */
  readonly outstandingLeast: number
  /** Confirmed and not there afterwards. */
  readonly missing: readonly string[]
}

export function describeKills(report: KillReport): string {
  const { kills, published, confirmed, unknown, outstandingLeast, missing } = report
  return [
    `${kills} kills: ${published} published, ${confirmed} confirmed, ${unknown} of unknown outcome`,
    `never fewer than ${outstandingLeast} outstanding at a kill, ${missing.length} confirmed ones missing`,
  ].join('; ')
}

class Publishers {
  readonly confirmed = new Set<string>()
  published = 0
  unknown = 0
  /** How often promises have settled. */
  settled = 0
  readonly #producer: Producer
  readonly #random: Random
  #isStopping = false

  constructor(producer: Producer, random: Random) {
    this.#producer = producer
    this.#random = random
  }

  /** Keeps so many publishes under way until {@link stop} is called; then resolves when the last has settled. */
  async run(): Promise<void> {
    this.#isStopping = false
    await Promise.all(Array.from({ length: OUTSTANDING }, () => this.#publishOnAndOn()))
  }

  stop(): void {
    this.#isStopping = true
  }

  async #publishOnAndOn(): Promise<void> {
    while (!this.#isStopping) {
      const name = `m${this.published++}`
      const filler = '.'.repeat(this.#random.between(0, LONGEST_FILLER_BYTES))
      let settlements = 0
      const promise = this.#producer.publish(TOPIC, `${name} ${filler}`)
      const count = (): void => {
        settlements++
        this.settled++
      }
      promise.then(count, count)
      try {
        await promise
        this.confirmed.add(name)
      } catch (error) {
        // The only thing that may be said of a publish that was sent.
        assert.ok(error instanceof NsqError && error.code === 'ERR_OUTCOME_UNKNOWN', String(error))
        this.unknown++
      }
      assert.equal(settlements, 1)
    }
  }
}

/** Waits for some answers, then looks how much is outstanding and kills, in the same instant. */
async function killAt(
  answers: number,
  nsqd: Nsqd,
  producer: Producer,
  publishers: Publishers,
): Promise<number> {
  const enough = publishers.confirmed.size + answers
  await until('some answers', () => publishers.confirmed.size >= enough)
  // Connected, hence all that is pending has been handed to the socket.
  assert.ok(producer.isConnected)
  const outstanding = producer.stats.pendingMessages
  const killed = nsqd.kill('SIGKILL')
  publishers.stop()
  await killed
  return outstanding
}

export async function killUnderProducer(
  programs: Programs,
  options: {
    readonly kills: number
    readonly seed: number
    readonly note?: (text: string) => void
  },
): Promise<KillReport> {
  const { kills, seed, note = () => {} } = options
  const random = new Random(seed)
  await using nsqd = await Nsqd.start(programs)
  const quick = { reconnectMinMs: 5, reconnectMaxMs: 20 }
  await using producer = new Producer({ nsqd: nsqd.address, ...quick })
  const publishers = new Publishers(producer, random)
  let outstandingLeast = Infinity
  for (let kill = 1; kill <= kills; kill++) {
    await producer.connect()
    const running = publishers.run()
    const outstanding = await killAt(
      random.between(LEAST_ANSWERS, MOST_ANSWERS),
      nsqd,
      producer,
      publishers,
    )
    await running
    outstandingLeast = Math.min(outstandingLeast, outstanding)
    const { messagesPublished, messagesFailed, pendingMessages, pendingBytes } = producer.stats
    assert.equal(publishers.settled, publishers.published)
    assert.equal(messagesPublished + messagesFailed, publishers.published)
    assert.deepEqual([pendingMessages, pendingBytes], [0, 0])
    note(`kill ${kill}: ${outstanding} outstanding, ${publishers.confirmed.size} confirmed so far`)
    await nsqd.start()
  }
  const missing = await missingOf(nsqd, publishers.confirmed)
  const { published, confirmed, unknown } = publishers
  return { kills, published, confirmed: confirmed.size, unknown, outstandingLeast, missing }
}

/** Consumes the topic to its end. */
async function missingOf(nsqd: Nsqd, confirmed: ReadonlySet<string>): Promise<string[]> {
  const missing = new Set(confirmed)
  const names = { topic: TOPIC, channel: 'check' }
  await using consumer = new Consumer({ ...names, nsqd: nsqd.address, maxInFlight: 2_500 })
  consumer.run((message) => void missing.delete(message.text().split(' ')[0]!))
  const isDone = async (): Promise<boolean> => {
    if (missing.size === 0) return true
    const topic = await nsqd.topic(TOPIC)
    const channel = await nsqd.channel(TOPIC, names.channel)
    return topic?.depth === 0 && channel?.depth === 0 && channel.in_flight_count === 0
  }
  await until('the topic is read to its end', isDone, { timeoutMs: CONSUME_LIMIT_MS })
  return [...missing]
}
