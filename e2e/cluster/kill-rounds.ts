// Three nsqd and two nsqlookupd under load, each killed in turn and started again.

import { mkdtempSync, rmSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { DaemonProcess } from './daemon-process.ts'
import { ConsumeLoad, PublishLoad } from './load.ts'
import { LOOPBACK } from './place.ts'
import { Tally } from './tally.ts'
import { timeUntil } from './time-until.ts'

const TOPIC = 'orders'
const NSQD = 3
const NSQLOOKUPD = 2
/** Two consumers share a channel, the third has one of its own. */
const CONSUMERS = [
  { name: 'billing-a', channel: 'billing' },
  { name: 'billing-b', channel: 'billing' },
  { name: 'archive-a', channel: 'archive' },
] as const
const CHANNELS = ['billing', 'archive'] as const
const HEARTBEAT_MS = 1_000
const POLL_MS = 1_000
/** What "within two heartbeats or one poll" is, and what a busy machine may add. */
const GO_ON_LIMIT_MS = Math.max(2 * HEARTBEAT_MS, POLL_MS) + 1_000
const LIMIT_MS = 60_000
const MESSAGES_AFTER_RESTART = 20

export interface KillOptions {
  /** How often each process is killed. */
  readonly rounds: number
  readonly perSecond: number
  readonly note: (text: string) => void
}

export interface KillReport {
  readonly kills: number
  readonly acknowledged: number
  /** The longest any consumer got nothing after a kill. */
  readonly longestSilenceMs: number
}

class KillRun {
  readonly #options: KillOptions
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'tsq-cluster-'))
  readonly #tally = new Tally()
  readonly #lookupds: DaemonProcess[] = []
  readonly #nodes: DaemonProcess[] = []
  #publishers: PublishLoad[] = []
  #consumers: ConsumeLoad[] = []
  #longestSilenceMs = 0

  constructor(options: KillOptions) {
    this.#options = options
  }

  async run(): Promise<KillReport> {
    try {
      await this.#start()
      for (let round = 1; round <= this.#options.rounds; round++) {
        for (const daemon of [...this.#nodes, ...this.#lookupds]) await this.#kill(daemon, round)
      }
      await this.#finish()
    } catch (error) {
      const logs = [...this.#nodes, ...this.#lookupds].map(
        ({ name, output }) => `--- ${name}\n${output}`,
      )
      throw new Error(`${(error as Error).message}\n${logs.join('\n')}`, { cause: error })
    } finally {
      await this.#stop()
    }
    return {
      kills: this.#options.rounds * (NSQD + NSQLOOKUPD),
      acknowledged: this.#tally.acked.size,
      longestSilenceMs: this.#longestSilenceMs,
    }
  }

  async #start(): Promise<void> {
    for (let i = 1; i <= NSQLOOKUPD; i++) {
      const spec = {
        kind: 'nsqlookupd',
        name: `nsqlookupd-${i}`,
        place: LOOPBACK,
        flags: [],
      } as const
      this.#lookupds.push(await DaemonProcess.start(spec))
    }
    const lookupdFlags = this.#lookupds.map(
      (lookupd) => `--lookupd-tcp-address=${lookupd.tcpAddress}`,
    )
    for (let i = 1; i <= NSQD; i++) {
      const dataPath = path.join(this.#folder, String(i))
      mkdirSync(dataPath)
      const flags = [`--data-path=${dataPath}`, `--node-id=${i}`, ...lookupdFlags]
      this.#nodes.push(
        await DaemonProcess.start({ kind: 'nsqd', name: `nsqd-${i}`, place: LOOPBACK, flags }),
      )
    }
    // Both channels are there before the first message, so each is owed them all.
    await Promise.all(this.#nodes.map((node) => createChannels(node)))
    this.#publishers = this.#nodes.map(
      (node) =>
        new PublishLoad(
          {
            nsqd: node.tcpAddress,
            topic: TOPIC,
            name: node.name,
            perSecond: this.#options.perSecond,
          },
          (body) => this.#tally.ack(body),
        ),
    )
    this.#consumers = CONSUMERS.map(
      ({ name, channel }) =>
        new ConsumeLoad(
          {
            lookupd: this.#lookupds.map((lookupd) => lookupd.httpAddress),
            topic: TOPIC,
            channel,
            maxInFlight: 50,
            heartbeatMs: HEARTBEAT_MS,
            pollMs: POLL_MS,
          },
          (delivery) => this.#tally.deliver(channel, name, delivery),
        ),
    )
    await timeUntil('every consumer has found every nsqd', LIMIT_MS, () => this.#isConnected())
  }

  #isConnected(): boolean {
    return this.#consumers.every(({ connections }) => connections === NSQD)
  }

  async #kill(daemon: DaemonProcess, round: number): Promise<void> {
    await daemon.end('SIGKILL')
    const killedAt = Date.now()
    // What the other nodes take from now on reaches everybody in time.
    const silenceMs = await timeUntil(
      `every consumer goes on after the kill of ${daemon.name}`,
      GO_ON_LIMIT_MS,
      () => this.#hasNews(killedAt, (node) => node !== daemon.name),
    )
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, silenceMs)
    if (this.#lookupds.includes(daemon)) await this.#checkOtherLookupd(daemon)
    await daemon.start()
    const backAt = Date.now()
    const backMs = await timeUntil(`everybody has ${daemon.name} again`, LIMIT_MS, async () => {
      if (this.#lookupds.includes(daemon)) return (await this.#listed(daemon)) === NSQD
      return this.#isConnected() && this.#hasNews(backAt, (node) => node === daemon.name)
    })
    await this.#awaitAllAcknowledged()
    this.#options.note(
      `round ${round}, ${daemon.name}: consumers went on after ${silenceMs} ms, had it again after ${backMs} ms; ` +
        `${this.#tally.acked.size} acknowledged, all delivered`,
    )
  }

  /** Whether both channels got enough published since then on nodes of that kind, and every consumer something. */
  #hasNews(sinceMs: number, isWanted: (node: string) => boolean): boolean {
    const news = CONSUMERS.map(({ name, channel }) => ({
      channel,
      bodies: this.#tally
        .since(name, sinceMs)
        .map(({ body }) => body)
        .filter((body) => isWanted(body.split(':')[0]!)),
    }))
    return (
      news.every(({ bodies }) => bodies.length > 0) &&
      CHANNELS.every(
        (wanted) =>
          news.filter(({ channel }) => channel === wanted).flatMap(({ bodies }) => bodies).length >=
          MESSAGES_AFTER_RESTART,
      )
    )
  }

  /** Who looks for the topic now finds all of it at the other one. */
  async #checkOtherLookupd(killed: DaemonProcess): Promise<void> {
    for (const lookupd of this.#lookupds) {
      if (lookupd === killed) continue
      const listed = await this.#listed(lookupd)
      if (listed !== NSQD) throw new Error(`${lookupd.name} lists ${listed} of ${NSQD} nsqd`)
    }
  }

  async #listed(lookupd: DaemonProcess): Promise<number> {
    const answer = await fetch(`http://${lookupd.httpAddress}/lookup?topic=${TOPIC}`)
    if (!answer.ok) return 0
    const { producers } = (await answer.json()) as { producers: unknown[] }
    return producers.length
  }

  /** What is acknowledged until now is delivered on every channel; more comes meanwhile. */
  async #awaitAllAcknowledged(): Promise<void> {
    const tally = this.#tally
    const owed = CHANNELS.map((channel) => ({ channel, bodies: tally.missing(channel) }))
    await timeUntil('every acknowledged message was delivered', LIMIT_MS, () =>
      owed.every(({ channel, bodies }) => bodies.every((body) => tally.has(channel, body))),
    )
  }

  async #finish(): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.close()))
    await this.#awaitAllAcknowledged()
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#publishers, ...this.#consumers].map((load) => load.close()))
    await Promise.all([...this.#nodes, ...this.#lookupds].map((daemon) => daemon.end('SIGKILL')))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function createChannels({ httpAddress }: DaemonProcess): Promise<void> {
  for (const target of [
    `topic/create?topic=${TOPIC}`,
    ...CHANNELS.map((channel) => `channel/create?topic=${TOPIC}&channel=${channel}`),
  ]) {
    const answer = await fetch(`http://${httpAddress}/${target}`, { method: 'POST' })
    if (!answer.ok) throw new Error(`${httpAddress}/${target} answered ${answer.status}`)
  }
}

/** @throws at the first promise broken, with the logs of every daemon. */
export function killInTurn(options: KillOptions): Promise<KillReport> {
  return new KillRun(options).run()
}
