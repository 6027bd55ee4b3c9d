import { connect, isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type SecureContextOptions } from 'node:tls'

import { type Logger, parseListenAddress } from '@tsq/daemon'
import { encodeIdentify, MAGIC_V1 } from '@tsq/protocol'

import type { Clock } from '../clock.ts'
import { AnswerReader } from './answer-reader.ts'
import type { Endpoint } from './endpoints.ts'
import { type LookupdInfo, readLookupdInfo } from './lookupd-info.ts'

const CONNECT_TIMEOUT_MS = 1_000
/** Nothing else waits for this peer, so it may take its time. */
const ANSWER_TIMEOUT_MS = 5_000
const PING_INTERVAL_MS = 15_000
const SHORTEST_RETRY_MS = 100
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000
/** So many commands are under way at a time. */
const MAX_UNANSWERED = 128
/** A peer that has fallen so many commands behind is given the whole state anew instead. */
const MAX_BEHIND = 10_000

/** What a peer needs of its nsqd. */
export interface PeerHost {
  readonly clock: Clock
  readonly logger: Logger
  /** Connects with TLS; plainly if undefined. */
  readonly tls?: SecureContextOptions | undefined
  /** The body of IDENTIFY. */
  identity(): object
  /** The commands that register everything there is. */
  registrations(): string[]
}

/**
 * The connection to one nsqlookupd.
 *
 *   connecting ──► identifying ──► live ─┐
 *       ▲               │                │ an error, a timeout, too far behind
 *       └─── waiting ◄──┴────────────────┘
 *
 * Whenever it becomes live the whole state is sent, so what happens meanwhile need not be kept.
 */
export class LookupdPeer {
  readonly address: string
  readonly #serverName: string
  /** What it said of itself when it was last connected. */
  info: LookupdInfo | undefined
  /** Resolves when the first attempt to connect has come to an end, good or bad. */
  readonly tried: Promise<void>
  readonly #host: PeerHost
  readonly #logger: Logger
  readonly #random: () => number
  #markTried: () => void = () => undefined
  #socket: Socket | undefined
  #reader = new AnswerReader()
  #isLive = false
  #isClosed = false
  #failures = 0
  #queue: string[] = []
  #queueHead = 0
  #queueLimit = 0
  #unanswered = 0
  #cancelTimeout: () => void = () => undefined
  #cancelPing: () => void = () => undefined
  #cancelRetry: () => void = () => undefined

  constructor(
    { address, serverName }: Endpoint,
    host: PeerHost,
    random: () => number = Math.random,
  ) {
    this.address = address
    this.#serverName = serverName
    this.#host = host
    this.#logger = host.logger.child({ lookupd: address })
    this.#random = random
    this.tried = new Promise((resolve) => (this.#markTried = resolve))
  }

  get isLive(): boolean {
    return this.#isLive
  }

  /** Connects, and again whenever the connection is lost. */
  start(): void {
    if (this.#isClosed || this.#socket !== undefined) return
    const socket = this.#dial()
    if (socket === undefined) return
    this.#socket = socket
    this.#reader = new AnswerReader()
    this.#timeOutAfter(CONNECT_TIMEOUT_MS, 'it cannot be reached')
    // A connection that was given up may still have something to say.
    const ifCurrent = (handle: () => void): void => {
      if (this.#socket === socket) handle()
    }
    const ready = this.#host.tls === undefined ? 'connect' : 'secureConnect'
    if (ready === 'secureConnect') {
      socket.on('connect', () =>
        ifCurrent(() => this.#timeOutAfter(ANSWER_TIMEOUT_MS, 'its TLS handshake takes too long')),
      )
    }
    socket.on(ready, () => ifCurrent(() => this.#identify()))
    socket.on('data', (bytes) => ifCurrent(() => this.#read(bytes)))
    socket.on('end', () => ifCurrent(() => this.#fail('it closed the connection')))
    socket.on('error', (error) => ifCurrent(() => this.#fail(reasonOf(error))))
    socket.on('close', () => ifCurrent(() => this.#fail('the connection is closed')))
  }

  #dial(): Socket | undefined {
    const target = parseListenAddress(this.address)
    if (target.kind !== 'tcp') return undefined
    const { tls } = this.#host
    const to = { host: target.host, port: target.port, noDelay: true }
    if (tls === undefined) return connect(to)
    // The certificate is for the name that was configured, not for the record it was found at.
    const name = this.#serverName
    return connectTls({
      ...to,
      ...tls,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    })
  }

  /** Sends a command, if the peer is there: if not, it gets the whole state later. */
  announce(command: string): void {
    if (!this.#isLive) return
    if (this.#queue.length - this.#queueHead >= this.#queueLimit) {
      this.#fail('it is too slow')
      return
    }
    this.#queue.push(command)
    this.#send()
  }

  close(): void {
    this.#isClosed = true
    this.#letGo()
    this.#cancelRetry()
    this.#markTried()
  }

  #identify(): void {
    this.#socket?.write(
      Buffer.concat([Buffer.from(MAGIC_V1), encodeIdentify(this.#host.identity())]),
    )
    this.#unanswered = 1
    this.#timeOutAfter(ANSWER_TIMEOUT_MS, 'it does not answer')
  }

  #read(bytes: Buffer): void {
    let answers: string[]
    try {
      answers = this.#reader.push(bytes)
    } catch (error) {
      this.#fail((error as Error).message)
      return
    }
    for (const answer of answers) {
      if (this.#unanswered === 0) this.#fail('it sent what it was not asked for')
      else if (answer.startsWith('E_')) this.#fail(`it answered ${answer.slice(0, 200)}`)
      else if (this.#isLive) this.#answered()
      else this.#identified(answer)
      if (this.#socket === undefined) return
    }
  }

  #identified(answer: string): void {
    const info = readLookupdInfo(answer)
    if (info === undefined) {
      this.#fail(`it answered IDENTIFY with ${JSON.stringify(answer.slice(0, 200))}`)
      return
    }
    this.info = info
    if (info.broadcastAddress === '') {
      this.#logger.error('it has no broadcast address, so it is not asked for channels')
    }
    this.#isLive = true
    this.#unanswered = 0
    this.#cancelTimeout()
    this.#queue = this.#host.registrations()
    this.#queueHead = 0
    this.#queueLimit = this.#queue.length + MAX_BEHIND
    this.#logger.info(`connected, registering ${this.#queue.length} topics and channels`)
    this.#markTried()
    this.#pingLater()
    this.#send()
  }

  #answered(): void {
    this.#unanswered -= 1
    this.#cancelTimeout()
    this.#send()
    // Only one that took everything counts as well again.
    if (this.#unanswered === 0) this.#failures = 0
    else this.#timeOutAfter(ANSWER_TIMEOUT_MS, 'it does not answer')
  }

  #send(): void {
    const room = MAX_UNANSWERED - this.#unanswered
    const next = this.#queue.slice(this.#queueHead, this.#queueHead + room)
    if (next.length === 0) return
    if (this.#unanswered === 0) this.#timeOutAfter(ANSWER_TIMEOUT_MS, 'it does not answer')
    this.#unanswered += next.length
    this.#queueHead += next.length
    if (this.#queueHead === this.#queue.length) {
      this.#queue = []
      this.#queueHead = 0
    }
    this.#socket?.write(`${next.join('\n')}\n`)
  }

  #pingLater(): void {
    this.#cancelPing = this.#host.clock.after(PING_INTERVAL_MS, () => {
      this.announce('PING')
      if (this.#isLive) this.#pingLater()
    })
  }

  #timeOutAfter(ms: number, reason: string): void {
    this.#cancelTimeout()
    this.#cancelTimeout = this.#host.clock.after(ms, () => this.#fail(reason))
  }

  #fail(reason: string): void {
    if (this.#isClosed || this.#socket === undefined) return
    this.#letGo()
    const delayMs = retryDelayMs(this.#failures, this.#random)
    // A peer that stays away is one line, not one every few seconds.
    const level = this.#failures === 0 ? 'error' : 'debug'
    this.#logger[level](`${reason}; next try in ${Math.round(delayMs)} ms`)
    this.#failures += 1
    this.#cancelRetry = this.#host.clock.after(delayMs, () => this.start())
    this.#markTried()
  }

  #letGo(): void {
    this.#isLive = false
    this.#queue = []
    this.#queueHead = 0
    this.#unanswered = 0
    this.#cancelTimeout()
    this.#cancelPing()
    this.#socket?.destroy()
    this.#socket = undefined
  }
}

/** What OpenSSL calls it when the other side answers a handshake with something else. */
const NO_TLS = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']

function reasonOf(error: NodeJS.ErrnoException): string {
  if (!NO_TLS.includes(error.code ?? '')) return error.message
  return `it does not speak TLS, which --lookupd-tls asks for (${error.message.trim()})`
}

/** Anything up to a span that doubles with every failure, and never nothing. */
export function retryDelayMs(failures: number, random: () => number): number {
  const span = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 16))
  return SHORTEST_RETRY_MS + random() * (span - SHORTEST_RETRY_MS)
}
