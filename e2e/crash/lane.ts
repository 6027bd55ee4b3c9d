import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type ChannelName, parseChannelName, parseTopicName } from '@tsq/protocol'

import { Consumer, type Manner } from './consumer.ts'
import { Ledger } from './ledger.ts'
import { NsqdProcess } from './nsqd-process.ts'
import { Publisher } from './publisher.ts'
import { Random } from '@tsq/testing'

const TOPIC = parseTopicName('crash')!
const CHANNELS: readonly ChannelName[] = [parseChannelName('one')!, parseChannelName('two')!]
const PUBLISHERS = 3
const CONSUMERS_A_CHANNEL = 2
const NODE_ID = 7
/** Checkpoints come about once a second; on a busy machine later. */
const CHECKPOINT_MARGIN_MS = 5_000
const DRAIN_LIMIT_MS = 120_000
const LAST_PUBLISHES = 40

export type AckAfter = 'memory' | 'write' | 'fsync'

export interface LaneOptions {
  readonly seed: number
  readonly rounds: number
  readonly ackAfter: AckAfter
  /** Of so many rounds, one lasts long enough for checkpoints to be relied on. */
  readonly longEvery: number
  readonly note: (text: string) => void
}

export interface LaneReport {
  readonly rounds: number
  readonly published: number
  readonly acknowledged: number
  readonly deliveries: number
}

/** One data path and the lives of nsqd on it, each but the last ended by SIGKILL at a random moment, or now and then by SIGTERM. */
export class Lane {
  readonly #options: LaneOptions
  readonly #random: Random
  readonly #ledger = new Ledger(CHANNELS)
  readonly #dataPath = mkdtempSync(path.join(tmpdir(), 'tsq-crash-'))
  readonly #flags: readonly string[]
  #nsqd: NsqdProcess | undefined

  constructor(options: LaneOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#flags = [
      `--ack-after=${options.ackAfter}`,
      `--node-id=${NODE_ID}`,
      // Small, so that segments come and go.
      '--max-bytes-per-file=200000',
      '--sync-timeout=500ms',
    ]
  }

  /** @throws at the first promise broken; the data path is then left as it is. */
  async run(): Promise<LaneReport> {
    try {
      await this.#makeChannels()
      for (let round = 1; round <= this.#options.rounds; round++) await this.#round(round)
      await this.#lastLife()
    } catch (error) {
      const { seed, ackAfter } = this.#options
      await this.#nsqd?.end('SIGKILL')
      const where = `seed ${seed}, --ack-after=${ackAfter}, data path ${this.#dataPath}`
      const output = this.#nsqd?.output ?? ''
      throw new Error(`${(error as Error).message} (${where})\n${output}`, { cause: error })
    }
    rmSync(this.#dataPath, { recursive: true, force: true })
    const { published, acknowledged, deliveries } = this.#ledger
    return { rounds: this.#options.rounds, published, acknowledged, deliveries }
  }

  #start(): NsqdProcess {
    this.#nsqd = new NsqdProcess(this.#dataPath, this.#flags)
    return this.#nsqd
  }

  /** Both channels are there before the first message, so each is owed them all. */
  async #makeChannels(): Promise<void> {
    const nsqd = this.#start()
    await nsqd.listening()
    const consumers = this.#consume(nsqd, 'mixed')
    await Promise.all(consumers.map(({ subscribed }) => subscribed))
    await nsqd.end('SIGKILL')
  }

  #consume(nsqd: NsqdProcess, manner: Manner): Consumer[] {
    const consumers: Consumer[] = []
    for (const channel of CHANNELS) {
      for (let i = 0; i < CONSUMERS_A_CHANNEL; i++) {
        const names = { topic: TOPIC, channel }
        consumers.push(new Consumer(nsqd.tcpPort, names, this.#ledger, this.#random, manner))
      }
    }
    return consumers
  }

  #publish(nsqd: NsqdProcess): Publisher[] {
    const publisher = (): Publisher =>
      new Publisher(nsqd.tcpPort, TOPIC, this.#ledger, this.#random)
    return Array.from({ length: PUBLISHERS }, publisher)
  }

  async #round(round: number): Promise<void> {
    const random = this.#random
    const nsqd = this.#start()
    if (random.chance(0.12)) {
      // While it starts.
      await sleep(random.between(0, 400))
      await nsqd.end('SIGKILL')
      this.#ledger.endLife(CHECKPOINT_MARGIN_MS)
      return
    }
    await nsqd.listening()
    const clients = [...this.#publish(nsqd), ...this.#consume(nsqd, 'mixed')]
    const isLong = round % this.#options.longEvery === 0
    const lifeMs = isLong ? CHECKPOINT_MARGIN_MS + random.between(1_500, 3_000) : this.#shortLife()
    await Promise.race([sleep(lifeMs), nsqd.ended])
    const isOrderly = random.chance(0.06)
    const { code, signal } = await nsqd.end(isOrderly ? 'SIGTERM' : 'SIGKILL')
    const isExpected = isOrderly ? code === 0 : signal === 'SIGKILL'
    if (!isExpected) throw new Error(`round ${round}: nsqd ended with ${code ?? signal}`)
    await Promise.all(clients.map(({ closed }) => closed))
    // After an orderly stop every FIN that was taken counts.
    this.#ledger.endLife(isOrderly ? 0 : CHECKPOINT_MARGIN_MS)
    this.#checkSoFar(`round ${round}`)
    if (round % 100 === 0) this.#options.note(`round ${round}: ${this.#ledger.published} messages`)
  }

  /** Mostly a moment's work, sometimes just the beginnings of it. */
  #shortLife(): number {
    return this.#random.chance(0.2) ? this.#random.between(0, 30) : this.#random.between(30, 600)
  }

  #checkSoFar(where: string): void {
    const { failure } = this.#ledger
    if (failure !== undefined) throw new Error(`${where}: ${failure.message}`, { cause: failure })
  }

  /** Publishes a little more, consumes until nothing is left and checks that nothing is missing. */
  async #lastLife(): Promise<void> {
    const nsqd = this.#start()
    await nsqd.listening()
    const firstOfLife = this.#ledger.published
    const [publisher, ...others] = this.#publish(nsqd)
    for (const other of others) other.close()
    publisher!.stop()
    for (let i = 0; i < LAST_PUBLISHES; i++) publisher!.publish()
    const consumers = this.#consume(nsqd, 'finish all')
    // With memory nothing is promised of the lives before but that this one goes on.
    const from = this.#options.ackAfter === 'memory' ? firstOfLife : 0
    const limit = performance.now() + DRAIN_LIMIT_MS
    while (performance.now() < limit) {
      this.#checkSoFar('at the end')
      if (publisher!.unanswered === 0 && this.#missing(from) === 0 && (await isIdle(nsqd))) break
      await sleep(100)
    }
    this.#checkSoFar('at the end')
    for (const channel of CHANNELS) {
      const missing = this.#ledger.missing(channel, from)
      if (missing.length > 0) {
        const some = missing.slice(0, 5).join(', ')
        throw new Error(`${missing.length} acknowledged messages never came on ${channel}: ${some}`)
      }
    }
    if (!(await isIdle(nsqd))) throw new Error(`not drained: ${await nsqd.get('/stats')}`)
    for (const client of [publisher!, ...consumers]) client.close()
    const { code } = await nsqd.end('SIGTERM')
    if (code !== 0) throw new Error(`nsqd ended with ${code} on SIGTERM`)
  }

  #missing(from: number): number {
    let count = 0
    for (const channel of CHANNELS) count += this.#ledger.missing(channel, from).length
    return count
  }
}

interface Stats {
  readonly topics: readonly {
    readonly channels: readonly {
      readonly depth: number
      readonly in_flight_count: number
      readonly deferred_count: number
    }[]
  }[]
}

/** Nothing waits, is in flight or is deferred. */
async function isIdle(nsqd: NsqdProcess): Promise<boolean> {
  const stats = JSON.parse(await nsqd.get('/stats?format=json&include_mem=false')) as Stats
  return stats.topics.every(({ channels }) =>
    channels.every(
      ({ depth, in_flight_count, deferred_count }) =>
        depth === 0 && in_flight_count === 0 && deferred_count === 0,
    ),
  )
}
