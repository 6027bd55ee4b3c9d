// Runs a script against one nsqlookupd and tells what it answered, in a form that can be compared.

import { setTimeout as sleep } from 'node:timers/promises'
import { maskAnswer, maskDebug, type Naming } from './lookupd-mask.ts'
import { LookupdPeer } from './lookupd-peer.ts'
import type { RunningLookupd } from './lookupd-process.ts'
import { SCRIPT_TOPICS, type Step } from './lookupd-script.ts'

const FORGET_LIMIT_MS = 10_000

/** What one step brought. */
export interface Outcome {
  readonly answer: unknown
  /** Names left out because nobody is registered there and they are ephemeral. */
  readonly leftOver: readonly string[]
}

/** One nsqlookupd with the peers a script connects to it. */
export class ScriptRunner {
  readonly #lookupd: RunningLookupd
  readonly #peers = new Map<number, LookupdPeer>()
  /** Addresses of peers, past ones included, by what they are called in answers. */
  readonly #names = new Map<string, string>()

  constructor(lookupd: RunningLookupd) {
    this.#lookupd = lookupd
  }

  async run(step: Step): Promise<Outcome> {
    if (step.kind === 'http') return this.#http(step.method, step.target)
    return { answer: await this.#tcp(step), leftOver: [] }
  }

  /** Everything that can be asked. */
  async snapshot(): Promise<Outcome> {
    const topics = SCRIPT_TOPICS.map((name) => encodeURIComponent(name))
    const targets = [
      '/topics',
      '/nodes',
      ...topics.map((topic) => `/lookup?topic=${topic}`),
      ...topics.map((topic) => `/channels?topic=${topic}`),
    ]
    const answers: unknown[] = [await this.#debug()]
    const leftOver: string[] = []
    for (const target of targets) {
      const outcome = await this.#http('GET', target)
      answers.push([target, outcome.answer])
      leftOver.push(...outcome.leftOver)
    }
    return { answer: answers, leftOver }
  }

  /** Leaves the daemon as if it had just started. */
  async reset(): Promise<void> {
    for (const id of this.#peers.keys()) await this.#close(id)
    this.#names.clear()
    const names = [...SCRIPT_TOPICS, ...(await this.#topics())]
    for (const name of names) {
      await this.#lookupd.http('POST', `/topic/delete?topic=${encodeURIComponent(name)}`)
    }
  }

  async #topics(): Promise<string[]> {
    const { topics }: { topics: string[] } = JSON.parse(
      (await this.#lookupd.http('GET', '/topics')).body,
    )
    return topics
  }

  async #tcp(step: Exclude<Step, { kind: 'http' }>): Promise<unknown> {
    if (step.kind === 'connect') {
      const peer = await LookupdPeer.connect(this.#lookupd.tcpPort)
      this.#peers.set(step.peer, peer)
      this.#names.set(peer.address, `peer-${step.peer}`)
      peer.send(Buffer.from(step.magic))
      if (step.magic === '  V1') return 'connected'
      return this.#answers(step.peer, peer, 2)
    }
    const peer = this.#peers.get(step.peer)
    if (peer === undefined) throw new Error(`peer ${step.peer} is not connected`)
    if (step.kind === 'close') {
      await this.#close(step.peer)
      return 'closed'
    }
    if (step.kind === 'send') peer.send(step.bytes)
    else peer.end()
    return this.#answers(step.peer, peer, step.kind === 'send' ? step.answers : 1)
  }

  async #answers(id: number, peer: LookupdPeer, count: number): Promise<string[]> {
    const { tcpPort, httpPort } = this.#lookupd
    const answers = await peer.answers(count)
    if (answers.at(-1) === '<end>') await this.#close(id)
    return answers.map((answer) =>
      answer.replace(`"http_port":${httpPort},"tcp_port":${tcpPort},`, '<ports>,'),
    )
  }

  /** Closes a connection and waits until the daemon has noticed. */
  async #close(id: number): Promise<void> {
    const peer = this.#peers.get(id)
    this.#peers.delete(id)
    if (peer === undefined) return
    peer.close()
    const deadline = Date.now() + FORGET_LIMIT_MS
    while ((await this.#lookupd.http('GET', '/debug')).body.includes(`"id":"${peer.address}"`)) {
      if (Date.now() > deadline) throw new Error('a closed connection stays registered')
      await sleep(1)
    }
  }

  get #naming(): Naming {
    return (address) => this.#names.get(address) ?? `unknown ${address}`
  }

  async #debug(): Promise<Record<string, unknown>> {
    return maskDebug((await this.#lookupd.http('GET', '/debug')).body, this.#naming)
  }

  async #http(method: string, target: string): Promise<Outcome> {
    const answer = await this.#lookupd.http(method, target)
    const carried = method === 'GET' ? new Set(Object.keys(await this.#debug())) : undefined
    return maskAnswer({ method, target, answer, carried, naming: this.#naming })
  }
}
