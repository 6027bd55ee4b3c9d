// Plays a script against one nsqd and writes down what is seen, with everything masked that must differ.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, readDelivery } from './differential-connection.ts'
import { maskBody } from './differential-masks.ts'
import type { Part, Script, Step } from './differential-script.ts'

const ANSWER_TIMEOUT_MS = 2_000
const POLL_MS = 3
const UNKNOWN_ID = '0000000000000000'
const RESPONSE = 0
const MESSAGE = 2
const HEARTBEAT = '_heartbeat_'

/** What one step made visible. */
export interface Observation {
  /** Per connection that changed: answers in order, messages (`attempts body`) sorted, and how it stands. */
  readonly connections: Readonly<Record<number, Seen>>
  readonly http: HttpSeen | undefined
}

export interface Seen {
  readonly answers: readonly string[]
  readonly messages: readonly string[]
  readonly state: 'open' | 'ended' | 'reset'
}

export interface HttpSeen {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const COMPARED_HEADERS = ['content-type', 'x-nsq-content-type', 'allow', 'location']

/** An nsqd to play scripts against. */
export class Player {
  readonly #tcpAddress: string
  readonly #httpAddress: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(nsqd: { readonly tcpAddress: string; readonly httpAddress: string }) {
    this.#tcpAddress = nsqd.tcpAddress
    this.#httpAddress = nsqd.httpAddress
  }

  /**
   * Plays every step. After each, waits until nothing has come for `quietMs`.
   *
   * @returns as many observations as there are steps.
   */
  async play(script: Script, quietMs: number): Promise<Observation[]> {
    const run = new Run(this.#tcpAddress, (step) => this.#http(step))
    try {
      const observations: Observation[] = []
      for (const step of script.steps) observations.push(await run.take(step, quietMs))
      return observations
    } finally {
      run.close()
      for (const topic of script.topics) await this.#delete(topic)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #delete(topic: string): Promise<void> {
    const target = `/topic/delete?topic=${encodeURIComponent(topic)}`
    const body = Buffer.alloc(0)
    await this.#http({ kind: 'http', method: 'POST', target, body, isChunked: false })
  }

  #http(step: Step & { readonly kind: 'http' }): Promise<HttpSeen> {
    const [hostname = '', port] = this.#httpAddress.split(':')
    const { method, target: path, body, isChunked } = step
    const length = isChunked || body.length === 0 ? {} : { 'content-length': String(body.length) }
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { hostname, port: Number(port), method, path, agent: this.#agent, headers: length },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const headers: Record<string, string> = {}
            for (const name of COMPARED_HEADERS) {
              const value = response.headers[name]
              if (typeof value === 'string') headers[name] = value
            }
            const text = Buffer.concat(chunks).toString()
            resolve({ status: response.statusCode ?? 0, headers, body: text })
          })
          response.on('error', reject)
        },
      )
      outgoing.on('error', reject)
      if (isChunked) {
        outgoing.setHeader('transfer-encoding', 'chunked')
        outgoing.write(body.subarray(0, body.length >> 1))
        outgoing.end(body.subarray(body.length >> 1))
      } else outgoing.end(body)
    })
  }
}

/** One script under way. */
class Run {
  readonly #address: string
  readonly #http: (step: Step & { readonly kind: 'http' }) => Promise<HttpSeen>
  readonly #connections = new Map<number, Connection>()
  /** Ids by connection and body. */
  readonly #ids = new Map<string, string>()
  readonly #seenIds = new Map<string, string>()

  constructor(
    address: string,
    http: (step: Step & { readonly kind: 'http' }) => Promise<HttpSeen>,
  ) {
    this.#address = address
    this.#http = http
  }

  async take(step: Step, quietMs: number): Promise<Observation> {
    const before = new Map([...this.#connections].map(([on, { state }]) => [on, state]))
    const startMs = performance.now()
    let http: HttpSeen | undefined
    switch (step.kind) {
      case 'open': {
        const connection = await Connection.open(this.#address)
        this.#connections.set(step.on, connection)
        before.set(step.on, 'open')
        connection.send(step.magic)
        break
      }
      case 'send':
        this.#connections.get(step.on)?.send(this.#bytesOf(step.on, step.parts))
        if (step.hasAnswer) await this.#awaitAnswer(step.on)
        break
      case 'shut':
        this.#connections.get(step.on)?.shut()
        await this.#awaitAnswer(step.on)
        break
      case 'close':
        this.#connections.get(step.on)?.close()
        before.delete(step.on)
        this.#connections.delete(step.on)
        break
      case 'http':
        http = await this.#http(step)
        http = { ...http, body: maskBody(step.target, http.body, this.#ports()) }
        break
    }
    await this.#quiet(startMs, quietMs)
    return { connections: this.#look(before), http }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close()
  }

  #ports(): ReadonlyMap<number, number> {
    return new Map([...this.#connections].map(([on, { localPort }]) => [localPort, on]))
  }

  #bytesOf(on: number, parts: readonly Part[]): Buffer {
    return Buffer.concat(
      parts.map((part) =>
        Buffer.isBuffer(part)
          ? part
          : Buffer.from(this.#ids.get(`${on} ${part.idOf}`) ?? UNKNOWN_ID),
      ),
    )
  }

  async #awaitAnswer(on: number): Promise<void> {
    const connection = this.#connections.get(on)
    const giveUpMs = performance.now() + ANSWER_TIMEOUT_MS
    while (connection?.state === 'open' && connection.frameCount === 0) {
      if (performance.now() > giveUpMs) return
      await sleep(POLL_MS)
    }
  }

  async #quiet(startMs: number, quietMs: number): Promise<void> {
    for (;;) {
      let lastMs = startMs
      for (const { lastChangeMs } of this.#connections.values())
        lastMs = Math.max(lastMs, lastChangeMs)
      const left = lastMs + quietMs - performance.now()
      if (left <= 0) return
      await sleep(left)
    }
  }

  #look(before: ReadonlyMap<number, Connection['state']>): Record<number, Seen> {
    const seen: Record<number, Seen> = {}
    for (const [on, connection] of this.#connections) {
      const answers: string[] = []
      const messages: string[] = []
      for (const { type, data } of connection.takeFrames()) {
        if (type === MESSAGE) {
          const { id, attempts, body } = readDelivery(data)
          this.#ids.set(`${on} ${body}`, id)
          this.#seenIds.set(id, body)
          messages.push(`${attempts} ${body}`)
        } else {
          const text = data.toString('latin1')
          if (type !== RESPONSE || text !== HEARTBEAT) answers.push(`${type} ${this.#mask(text)}`)
        }
      }
      const { state } = connection
      if (answers.length === 0 && messages.length === 0 && state === before.get(on)) continue
      seen[on] = { answers, messages: messages.toSorted(), state }
    }
    return seen
  }

  #mask(text: string): string {
    return text.replace(/[0-9a-f]{16}/g, (id) => {
      const body = this.#seenIds.get(id)
      return body === undefined ? id : `<id of ${body}>`
    })
  }
}
