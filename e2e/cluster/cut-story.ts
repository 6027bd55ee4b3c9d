// The same topology with every node on a machine of its own, as far as it can tell, and the network between them cut.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { DaemonProcess } from './daemon-process.ts'
import type { Network, NetworkNode } from './network.ts'
import { Tally } from './tally.ts'
import { timeUntil } from './time-until.ts'
import { WorkerProcess } from './worker-process.ts'

const TOPIC = 'orders'
const LATE_TOPIC = 'late'
const CHANNEL = 'billing'
const NSQD = 3
const NSQLOOKUPD = 2
const LIMIT_MS = 60_000
/** nsqd takes no less. */
const LEAST_HEARTBEAT_MS = 1_000
/** A cut lasts so many heartbeats. */
const HEARTBEATS_A_CUT = 10
const POLL_MS = 1_000
const DELAY_MS = 50
/** nsqd lets go of a silent consumer after two heartbeats, counted from one of its own. */
const HEARTBEATS_TO_NOTICE = 4
const BUSY_MS = 2_000
const HELD_AT_LEAST = 5
/** nsqlookupd's keep-alive probes begin after 15 s and end after 10 more. */
const KEEP_ALIVE_MS = 40_000

export interface CutOptions {
  readonly network: Network
  readonly cutMs: number
  readonly perSecond: number
  /** Also wait until both nsqlookupd have noticed a half-open connection; that takes half a minute. */
  readonly isPatient: boolean
  readonly note: (text: string) => void
}

interface Consumer {
  readonly name: string
  readonly node: NetworkNode
  readonly worker: WorkerProcess
}

interface Broker {
  readonly node: NetworkNode
  readonly daemon: DaemonProcess
  /** Publishes to it from its own machine. */
  readonly worker: WorkerProcess
}

class CutRun {
  readonly #options: CutOptions
  readonly #heartbeatMs: number
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'tsq-cut-'))
  readonly #tally = new Tally()
  readonly #startMs = performance.now()
  readonly #lookupds: { node: NetworkNode; daemon: DaemonProcess }[] = []
  readonly #brokers: Broker[] = []
  readonly #consumers: Consumer[] = []

  constructor(options: CutOptions) {
    this.#options = options
    this.#heartbeatMs = Math.max(LEAST_HEARTBEAT_MS, options.cutMs / HEARTBEATS_A_CUT)
  }

  async run(): Promise<void> {
    try {
      await this.#startDaemons()
      this.#startLoad()
      const connectedMs = await timeUntil(`both consumers have every nsqd`, LIMIT_MS, () =>
        this.#consumers.every(({ worker }) => worker.connections === NSQD),
      )
      this.#note(`both consumers have every nsqd after ${connectedMs} ms`)
      await this.#cut()
      await this.#halfOpen()
      await this.#finish()
    } catch (error) {
      const logs = this.#daemons.map(({ name, output }) => `--- ${name}\n${output}`)
      throw new Error(`${(error as Error).message}\n${logs.join('\n')}`, { cause: error })
    } finally {
      await this.#stop()
    }
  }

  #note(text: string): void {
    const seconds = ((performance.now() - this.#startMs) / 1_000).toFixed(1)
    this.#options.note(`${seconds} s: ${text}`)
  }

  // ---- The cluster ------------------------------------------------------------------------------

  async #startDaemons(): Promise<void> {
    const { network } = this.#options
    for (let i = 1; i <= NSQLOOKUPD; i++) {
      const name = `nsqlookupd-${i}`
      const node = network.add(name)
      const spec = { kind: 'nsqlookupd', name, place: node, flags: [] } as const
      this.#lookupds.push({ node, daemon: await DaemonProcess.start(spec) })
    }
    const lookupds = this.#lookupds.map(
      ({ daemon }) => `--lookupd-tcp-address=${daemon.tcpAddress}`,
    )
    for (let i = 1; i <= NSQD; i++) {
      const name = `nsqd-${i}`
      const dataPath = path.join(this.#folder, name)
      mkdirSync(dataPath)
      const node = network.add(name)
      const flags = [`--data-path=${dataPath}`, `--node-id=${i}`, ...lookupds]
      const daemon = await DaemonProcess.start({ kind: 'nsqd', name, place: node, flags })
      const worker = new WorkerProcess(node, (report) => {
        if (report.kind === 'acked') for (const body of report.bodies) this.#tally.ack(body)
      })
      await post(worker, `http://${daemon.httpAddress}/topic/create?topic=${TOPIC}`)
      const channel = `topic=${TOPIC}&channel=${CHANNEL}`
      await post(worker, `http://${daemon.httpAddress}/channel/create?${channel}`)
      this.#brokers.push({ node, daemon, worker })
    }
  }

  #startLoad(): void {
    const { perSecond, network } = this.#options
    for (const { daemon, worker } of this.#brokers) {
      const { tcpAddress: nsqd, name } = daemon
      worker.tell({ kind: 'publish', job: { nsqd, topic: TOPIC, name, perSecond } })
    }
    for (const name of ['app-a', 'app-b']) {
      const node = network.add(name)
      const worker = new WorkerProcess(node, (report) => {
        if (report.kind !== 'delivered') return
        for (const delivery of report.deliveries) this.#tally.deliver(CHANNEL, name, delivery)
      })
      const job = {
        lookupd: this.#lookupds.map(({ daemon }) => daemon.httpAddress),
        topic: TOPIC,
        channel: CHANNEL,
        maxInFlight: 60,
        heartbeatMs: this.#heartbeatMs,
        pollMs: POLL_MS,
      }
      worker.tell({ kind: 'consume', job })
      this.#consumers.push({ name, node, worker })
    }
    const [, appB] = this.#consumers
    const whyNot = network.delay(appB!.node, DELAY_MS)
    this.#note(whyNot ?? `everything to app-b takes ${DELAY_MS} ms longer`)
  }

  get #daemons(): DaemonProcess[] {
    return [...this.#brokers, ...this.#lookupds].map(({ daemon }) => daemon)
  }

  /** Whether a consumer has got something published since then on a node. */
  #hasNewsOf(consumer: Consumer, nsqd: string, sinceMs: number): boolean {
    return this.#tally.since(consumer.name, sinceMs).some(({ body }) => body.startsWith(`${nsqd}:`))
  }

  async #listed(topic: string): Promise<number[]> {
    const { worker } = this.#consumers[1]!
    const counts: number[] = []
    for (const { daemon } of this.#lookupds) {
      const { status, text } = await worker.ask(
        `http://${daemon.httpAddress}/lookup?topic=${topic}`,
      )
      const answer = status === 200 ? (JSON.parse(text) as { producers: unknown[] }) : undefined
      counts.push(answer?.producers.length ?? 0)
    }
    return counts
  }

  // ---- What happens to it -----------------------------------------------------------------------

  /** nsqd-1 is cut off from both nsqlookupd, and app-a from nsqd-2 while it has its messages in hand. */
  async #cut(): Promise<void> {
    const { network, cutMs } = this.#options
    const [first, second] = this.#brokers as [Broker, Broker]
    const [appA, appB] = this.#consumers as [Consumer, Consumer]
    const heldFrom = Date.now()
    appA.worker.tell({ kind: 'hold' })
    const heldBodies = (): string[] =>
      this.#tally
        .since(appA.name, heldFrom)
        .filter(({ isHeld, body }) => isHeld && body.startsWith(`${second.daemon.name}:`))
        .map(({ body }) => body)
    await timeUntil(
      'app-a has messages of nsqd-2 in hand',
      LIMIT_MS,
      () => heldBodies().length >= HELD_AT_LEAST,
    )

    const cutAt = Date.now()
    network.cut(appA.node, second.node)
    for (const { node } of this.#lookupds) network.cut(first.node, node)
    this.#note(`cut for ${cutMs} ms, heartbeats every ${this.#heartbeatMs} ms`)
    const held = heldBodies()
    // These FIN get nowhere.
    appA.worker.tell({ kind: 'let go' })
    await post(first.worker, `http://${first.daemon.httpAddress}/topic/create?topic=${LATE_TOPIC}`)

    const handedOnMs = await timeUntil(
      'app-b has what app-a had in hand',
      HEARTBEATS_TO_NOTICE * this.#heartbeatMs + BUSY_MS,
      () => {
        const again = this.#tally.since(appB.name, cutAt)
        return held.every((wanted) =>
          again.some(({ body, attempts }) => body === wanted && attempts > 1),
        )
      },
    )
    this.#note(`app-b had the ${held.length} messages app-a had in hand after ${handedOnMs} ms`)
    const afterwards = Date.now()
    await timeUntil('the rest goes on', LIMIT_MS, () =>
      this.#consumers.every((consumer) => this.#hasNewsOf(consumer, 'nsqd-1', afterwards)),
    )
    const lookedUp = await this.#listed(LATE_TOPIC)
    if (lookedUp.some((count) => count > 0)) throw new Error('nsqd-1 was not cut off')
    await pause(Math.max(0, cutAt + cutMs - Date.now()))
    if (appA.worker.connections !== NSQD - 1) throw new Error('app-a was not cut off from nsqd-2')

    const healedAt = Date.now()
    network.heal(appA.node, second.node)
    for (const { node } of this.#lookupds) network.heal(first.node, node)
    const backMs = await timeUntil('app-a has nsqd-2 again', LIMIT_MS, () =>
      this.#hasNewsOf(appA, 'nsqd-2', healedAt),
    )
    const listedMs = await timeUntil(
      'both nsqlookupd know the topic made meanwhile',
      LIMIT_MS,
      async () => (await this.#listed(LATE_TOPIC)).every((count) => count === 1),
    )
    this.#note(
      `healed: app-a had nsqd-2 again after ${backMs} ms, nsqd-1 was registered after ${backMs + listedMs} ms`,
    )
  }

  /** nsqd-3 dies behind a cut, so nobody hears of it: their connections to it stay half open. */
  async #halfOpen(): Promise<void> {
    const { network, isPatient } = this.#options
    const third = this.#brokers[2]!
    const others = [...this.#consumers, ...this.#lookupds].map(({ node }) => node)
    for (const node of others) network.cut(third.node, node)
    await third.daemon.end('SIGKILL')
    const noticedMs = await timeUntil(
      'consumers give nsqd-3 up',
      HEARTBEATS_TO_NOTICE * this.#heartbeatMs + BUSY_MS,
      () => this.#consumers.every(({ worker }) => worker.connections === NSQD - 1),
    )
    this.#note(`half open: consumers gave nsqd-3 up after ${noticedMs} ms`)
    if (isPatient) {
      const forgottenMs = await timeUntil('nsqlookupd forgets nsqd-3', KEEP_ALIVE_MS, async () =>
        (await this.#listed(TOPIC)).every((count) => count === NSQD - 1),
      )
      this.#note(`half open: both nsqlookupd forgot nsqd-3 after ${noticedMs + forgottenMs} ms`)
    }
    for (const node of others) network.heal(third.node, node)
    await third.daemon.start()
    const startedAt = Date.now()
    const backMs = await timeUntil('consumers have nsqd-3 again', LIMIT_MS, () =>
      this.#consumers.every((consumer) => this.#hasNewsOf(consumer, 'nsqd-3', startedAt)),
    )
    this.#note(`nsqd-3 started again: consumers had it after ${backMs} ms`)
  }

  async #finish(): Promise<void> {
    await Promise.all(this.#brokers.map(({ worker }) => worker.close()))
    await timeUntil(
      'every acknowledged message was delivered',
      LIMIT_MS,
      () => this.#tally.missing(CHANNEL).length === 0,
    )
    this.#note(`${this.#tally.acked.size} acknowledged, all delivered`)
  }

  async #stop(): Promise<void> {
    const workers = [...this.#brokers, ...this.#consumers].map(({ worker }) => worker)
    await Promise.all(workers.map((worker) => worker.kill()))
    await Promise.all(this.#daemons.map((daemon) => daemon.end('SIGKILL')))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function post(worker: WorkerProcess, url: string): Promise<void> {
  const { status, text } = await worker.ask(url, 'POST')
  if (status !== 200) throw new Error(`${url} answered ${status} ${text}`)
}

/** @throws at the first promise broken, with the logs of every daemon. */
export function cutTheNetwork(options: CutOptions): Promise<void> {
  return new CutRun(options).run()
}
