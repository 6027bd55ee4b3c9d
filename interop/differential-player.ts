// Plays a script against one nsqd, step by step, and tells what is seen, with everything masked that must differ.
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { Agent as SecureAgent, request as requestSecurely } from 'node:https'
import { connect } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, readDelivery, type UpgradeManner } from './differential-connection.ts'
import { maskBody } from './differential-masks.ts'
import type { ClientCertificate, HttpStep, Part, Step, Upgrade } from './differential-script.ts'

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

/** What a client of TLS shows, in PEM. */
export interface ClientKeys {
  readonly cert: Buffer
  readonly key: Buffer
}

export type Keys = Readonly<Record<Exclude<ClientCertificate, 'none'>, ClientKeys>>

interface Addresses {
  readonly tcpAddress: string
  readonly httpAddress: string
  readonly httpsAddress: string
}

/** An nsqd to play scripts against. */
export class Player implements AsyncDisposable {
  readonly #nsqd: Addresses
  readonly #keys: Keys
  readonly #agent = new Agent({ keepAlive: true })
  readonly #secureAgent: SecureAgent

  constructor(nsqd: Addresses, keys: Keys) {
    this.#nsqd = nsqd
    this.#keys = keys
    this.#secureAgent = new SecureAgent({
      keepAlive: true,
      rejectUnauthorized: false,
      ...keys.good,
    })
  }

  begin(): Play {
    const bytes = (sent: Buffer): Promise<HttpSeen> => sendBytes(this.#nsqd.httpAddress, sent)
    return new Play(this.#nsqd.tcpAddress, this.#keys, (step) => this.#http(step), bytes)
  }

  // oxlint-disable-next-line require-await -- nothing of it waits
  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    this.#secureAgent.destroy()
  }

  #http(step: HttpStep): Promise<HttpSeen> {
    const { httpAddress, httpsAddress } = this.#nsqd
    const { method, target: path, body, isChunked, via } = step
    const [hostname = '', port] = (via === 'http' ? httpAddress : httpsAddress).split(':')
    const headers = isChunked || body.length === 0 ? {} : { 'content-length': String(body.length) }
    const options = { hostname, port: Number(port), method, path, headers }
    return new Promise((resolve) => {
      const fail = ({ code }: NodeJS.ErrnoException): void =>
        resolve({ status: 0, headers: {}, body: `no answer: ${code}` })
      const onAnswer = (response: IncomingMessage): void => {
        readAnswer(response).then(resolve, fail)
      }
      const outgoing: ClientRequest =
        via === 'https'
          ? requestSecurely({ ...options, agent: this.#secureAgent }, onAnswer)
          : request({ ...options, agent: this.#agent }, onAnswer)
      outgoing.on('error', fail)
      if (isChunked) {
        outgoing.setHeader('transfer-encoding', 'chunked')
        outgoing.write(body.subarray(0, body.length >> 1))
        outgoing.end(body.subarray(body.length >> 1))
      } else outgoing.end(body)
    })
  }
}

async function readAnswer(response: IncomingMessage): Promise<HttpSeen> {
  const body = await readText(response)
  const headers: Record<string, string> = {}
  for (const name of COMPARED_HEADERS) {
    const value = response.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  return { status: response.statusCode ?? 0, headers, body }
}

/** What comes back for bytes that need not be HTTP: the statuses of the answers, one after the other. */
function sendBytes(address: string, bytes: Buffer): Promise<HttpSeen> {
  const [host = '', port] = address.split(':')
  const socket = connect({ host, port: Number(port), allowHalfOpen: true })
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined)
  let answer = ''
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')))
  socket.end(bytes)
  return new Promise((resolve) => {
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      const statuses = [...answer.matchAll(/^HTTP\/1\.[01] (\d+)/gm)].map((match) => match[1])
      resolve({ status: 0, headers: {}, body: statuses.join(' ') })
    })
  })
}

/** What has come on a connection since the step began. */
interface Arrived {
  readonly answers: string[]
  readonly messages: string[]
}

/** One script under way on one nsqd. */
export class Play {
  readonly #address: string
  readonly #keys: Keys
  readonly #http: (step: HttpStep) => Promise<HttpSeen>
  readonly #bytes: (bytes: Buffer) => Promise<HttpSeen>
  readonly #connections = new Map<number, Connection>()
  /** Ids by connection and body. */
  readonly #ids = new Map<string, string>()
  readonly #bodies = new Map<string, string>()
  readonly #arrived = new Map<number, Arrived>()
  #before: ReadonlyMap<number, Connection['state']> = new Map()
  #httpSeen: HttpSeen | undefined

  constructor(
    address: string,
    keys: Keys,
    http: (step: HttpStep) => Promise<HttpSeen>,
    bytes: (bytes: Buffer) => Promise<HttpSeen>,
  ) {
    this.#bytes = bytes
    this.#address = address
    this.#keys = keys
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
        await this.#send(step)
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
      case 'bytes':
        this.#httpSeen = await this.#bytes(step.bytes)
        return
      case 'wait':
        await sleep(step.ms)
        return
      case 'http':
        await this.call(step)
    }
  }

  async #send({ on, parts, upgrade, isRaw }: Step & { readonly kind: 'send' }): Promise<void> {
    const connection = this.#connections.get(on)
    const bytes = this.#bytesOf(on, parts)
    if (upgrade !== undefined) await connection?.identify(bytes, this.#mannerOf(upgrade))
    else if (isRaw === true) connection?.sendRaw(bytes)
    else connection?.send(bytes)
  }

  #mannerOf({ tlsVersion, cipher, certificate, ...rest }: Upgrade): UpgradeManner {
    const keys = certificate === 'none' ? {} : this.#keys[certificate]
    const tls = { minVersion: tlsVersion, maxVersion: tlsVersion, ciphers: cipher, ...keys }
    return { ...rest, tls }
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
