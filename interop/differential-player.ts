// Plays a script against one nsqd, step by step, and tells what is seen, with everything masked that must differ.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, readDelivery } from './differential-connection.ts'
import { maskBody } from './differential-masks.ts'
import type { Part, Step } from './differential-script.ts'

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

type HttpStep = Step & { readonly kind: 'http' }

/** An nsqd to play scripts against. */
export class Player {
  readonly #tcpAddress: string
  readonly #httpAddress: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(nsqd: { readonly tcpAddress: string; readonly httpAddress: string }) {
    this.#tcpAddress = nsqd.tcpAddress
    this.#httpAddress = nsqd.httpAddress
  }

  begin(): Play {
    return new Play(this.#tcpAddress, (step) => this.#http(step))
  }

  close(): void {
    this.#agent.destroy()
  }

  #http(step: HttpStep): Promise<HttpSeen> {
    const [hostname = '', port] = this.#httpAddress.split(':')
    const { method, target: path, body, isChunked } = step
    const length = isChunked || body.length === 0 ? {} : { 'content-length': String(body.length) }
    const options = { hostname, port: Number(port), method, path, agent: this.#agent }
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...options, headers: length }, (response) => {
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
      })
      outgoing.on('error', reject)
      if (isChunked) {
        outgoing.setHeader('transfer-encoding', 'chunked')
        outgoing.write(body.subarray(0, body.length >> 1))
        outgoing.end(body.subarray(body.length >> 1))
      } else outgoing.end(body)
    })
  }
}

/** What has come on a connection since the step began. */
interface Arrived {
  readonly answers: string[]
  readonly messages: string[]
}

/** One script under way on one nsqd. */
export class Play {
  readonly #address: string
  readonly #http: (step: HttpStep) => Promise<HttpSeen>
  readonly #connections = new Map<number, Connection>()
  /** Ids by connection and body. */
  readonly #ids = new Map<string, string>()
  readonly #bodies = new Map<string, string>()
  readonly #arrived = new Map<number, Arrived>()
  #before: ReadonlyMap<number, Connection['state']> = new Map()
  #httpSeen: HttpSeen | undefined

  constructor(address: string, http: (step: HttpStep) => Promise<HttpSeen>) {
    this.#address = address
    this.#http = http
  }

  /** Takes a step, and waits for its answer if it has one. */
  async take(step: Step): Promise<void> {
    this.#arrived.clear()
    this.#httpSeen = undefined
    this.#before = new Map([...this.#connections].map(([on, { state }]) => [on, state]))
    switch (step.kind) {
      case 'open': {
        const connection = await Connection.open(this.#address)
        this.#connections.set(step.on, connection)
        this.#before = new Map([...this.#before, [step.on, 'open']])
        connection.send(step.magic)
        return
      }
      case 'send':
        this.#connections.get(step.on)?.send(this.#bytesOf(step.on, step.parts))
        if (step.hasAnswer) await this.#awaitAnswer(step.on)
        return
      case 'shut':
        this.#connections.get(step.on)?.shut()
        await this.#awaitAnswer(step.on)
        return
      case 'close':
        this.#connections.get(step.on)?.close()
        this.#connections.delete(step.on)
        return
      case 'http':
        await this.call(step)
    }
  }

  async call(step: HttpStep): Promise<void> {
    const seen = await this.#http(step)
    const ports = new Map([...this.#connections].map(([on, { localPort }]) => [localPort, on]))
    this.#httpSeen = { ...seen, body: maskBody(step.target, seen.body, ports) }
  }

  /** What the step has made visible so far. */
  observe(): Observation {
    const connections: Record<number, Seen> = {}
    for (const [on, connection] of this.#connections) {
      const arrived = this.#arrived.get(on) ?? { answers: [], messages: [] }
      this.#arrived.set(on, arrived)
      this.#sort(on, connection, arrived)
      const { answers, messages } = arrived
      const { state } = connection
      if (answers.length === 0 && messages.length === 0 && state === this.#before.get(on)) continue
      connections[on] = { answers, messages: messages.toSorted(), state }
    }
    return { connections, http: this.#httpSeen }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close()
  }

  #sort(on: number, connection: Connection, { answers, messages }: Arrived): void {
    for (const { type, data } of connection.takeFrames()) {
      if (type === MESSAGE) {
        const { id, attempts, body } = readDelivery(data)
        this.#ids.set(`${on} ${body}`, id)
        this.#bodies.set(id, body)
        messages.push(`${attempts} ${body}`)
      } else {
        const text = data.toString('latin1')
        if (type !== RESPONSE || text !== HEARTBEAT) answers.push(`${type} ${this.#mask(text)}`)
      }
    }
  }

  #mask(text: string): string {
    return text.replace(/[0-9a-f]{16}/g, (id) => {
      const body = this.#bodies.get(id)
      return body === undefined ? id : `<id of ${body}>`
    })
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
    if (connection === undefined) return
    while (connection.isQuiet && performance.now() < giveUpMs) await sleep(POLL_MS)
  }
}
