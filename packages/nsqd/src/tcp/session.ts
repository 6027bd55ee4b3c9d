// Hot: one pass over everything a connection sends.

import type { Socket } from 'node:net'

import type { Logger, TlsAcceptor } from '@tsq/daemon'
import {
  type ChannelName,
  encodeError,
  encodeResponse,
  MAGIC_V2,
  ProtocolError,
  RESPONSE_HEARTBEAT,
  type TopicName,
} from '@tsq/protocol'

import type { AuthClient, AuthServers } from '../auth/auth-servers.ts'
import { SessionAuth } from '../auth/session-auth.ts'
import type { AnswerOutcome, Channel } from '../channel.ts'
import type { Lender } from '../log/chunk.ts'
import type { NsqdOptions } from '../options.ts'
import type { Subscriber } from '../subscriber.ts'
import type { AckWaiter, Topic } from '../topic.ts'
import { ANYWHERE, type Locality, localityOf } from '../topology.ts'
import type { Flusher, Turn } from '../turn.ts'
import { obey, refuseWithoutTls } from './commands.ts'
import { EchoError } from './echo-error.ts'
import { HeldBytes } from './held-bytes.ts'
import { defaultIdentity, type Identity } from './identity.ts'
import { CLOSE, Input, NEED_MORE, UPGRADE, WAIT } from './input.ts'
import { MpubWalk } from './mpub-walk.ts'
import { OK_FRAME, Outbox } from './outbox.ts'
import { Publishings } from './publishings.ts'
import { Transport } from './transport.ts'
import { type Upgrades, UpgradeSequence } from './upgrades.ts'

const HEARTBEAT = encodeResponse(RESPONSE_HEARTBEAT)
const BAD_PROTOCOL = encodeError('E_BAD_PROTOCOL')
const INTERNAL_ERROR = encodeError('E_INVALID internal error, told in the log of nsqd')
const MAGIC_BYTES = 4
const MAGIC_TIMEOUT_MS = 10_000
/** A peer that leaves so many bytes of answers unread is not read from until it takes them. */
const MAX_UNREAD_BYTES = 1024 * 1024
/** After a fatal error the peer gets so long to read it and close. */
const LINGER_MS = 1_000
const NO_BYTES = Buffer.alloc(0)

export type SessionState = 'init' | 'subscribed' | 'closing'

/** What a session needs of its nsqd. */
export interface SessionHost {
  readonly options: NsqdOptions
  readonly turn: Turn
  readonly logger: Logger
  /** Undefined where everybody may do everything. */
  readonly auth: AuthServers | undefined
  /** Undefined where nsqd has no certificate. */
  readonly tls: TlsAcceptor | undefined
  /** Whether every command but IDENTIFY is refused to a connection without TLS. */
  readonly isTlsRequired: boolean
  topic(name: TopicName): Topic
  sessionClosed(session: Session): void
}

/** One connection: the bytes that come in, the commands in them, and what goes out. */
export class Session implements Subscriber, AckWaiter, Flusher {
  readonly id: number
  readonly options: NsqdOptions
  readonly mpubWalk = new MpubWalk()
  readonly connectedAtMs = Date.now()
  readonly remoteAddress: string
  readonly publishings: Publishings
  /** Undefined where no authorization is asked for. */
  readonly auth: SessionAuth | undefined
  state: SessionState = 'init'
  identity: Identity
  locality: Locality = ANYWHERE
  inFlight = 0
  isListed = false
  readyCount = 0
  messageCount = 0
  finishCount = 0
  requeueCount = 0
  readonly #transport: Transport
  readonly #host: SessionHost
  readonly #outbox: Outbox
  readonly #input = new Input()
  readonly #held = new HeldBytes()
  #channel: Channel | undefined
  #hasMagic = false
  #isIdentified = false
  #isClosed = false
  /** A fatal error has been answered: what still comes in is not read. */
  #isDoomed = false
  /** The command in hand waits for an answer from elsewhere; what comes after it is held. */
  #isWaiting = false
  /** Once everything owed has been sent, the connection ends. */
  #isEnding = false
  /** IDENTIFY granted TLS or compression, and it is not all in place: no commands are read. */
  #upgrade: UpgradeSequence | undefined
  /** TLS is required and not spoken yet. */
  #lacksTls: boolean
  #isDirty = false
  /** SUB's OK is held up by a publish before it, so no message may go out yet. */
  #awaitsSubscribed = false
  #lastCommandMs = performance.now()
  /** Since when the peer has taken nothing of what waits for it; 0 while nothing waits. */
  #stuckSinceMs = 0
  #timer: NodeJS.Timeout

  /** @param accepted a connection that has not been read yet. */
  constructor(id: number, accepted: Socket, host: SessionHost) {
    this.id = id
    const transport = new Transport(accepted, {
      onBytes: (bytes) => this.#read(bytes, false),
      onEnd: () => this.#read(NO_BYTES, true),
      onBroken: (why) => this.#drop(`sent what cannot be read: ${why}`),
      onError: (error) => this.#log('debug', `connection failed - ${error.message}`),
      onClosed: () => this.#closed(),
    })
    this.#transport = transport
    this.#host = host
    this.options = host.options
    this.publishings = new Publishings((name) => host.topic(name))
    this.#lacksTls = host.isTlsRequired
    const { remoteHost, remotePort } = transport
    this.remoteAddress = remoteHost === '' ? '@' : `${formatHost(remoteHost)}:${remotePort}`
    this.identity = defaultIdentity(remoteHost, host.options)
    const client = (): AuthClient => authClient(transport)
    this.auth = host.auth && new SessionAuth(host.auth, client, () => this.#goOn())
    this.#outbox = new Outbox(transport, {
      onPublishFailed: (frame) => this.#fail(frame),
      onFlushed: () => this.#flushed(),
    })
    this.#timer = setTimeout(() => this.#drop('sent no magic'), MAGIC_TIMEOUT_MS)
  }

  get msgTimeoutMs(): number {
    return this.identity.msgTimeoutMs
  }

  get sampleRate(): number {
    return this.identity.sampleRate
  }

  /** 0 where heartbeats are off. */
  get heartbeatIntervalMs(): number {
    return this.identity.heartbeatIntervalMs
  }

  get channel(): Channel | undefined {
    return this.#channel
  }

  /** Whether TLS can be had. */
  get hasCertificate(): boolean {
    return this.#host.tls !== undefined
  }

  /** What IDENTIFY put between this session and its peer. */
  get layers(): Pick<Transport, 'tls' | 'compression'> {
    return this.#transport
  }

  // ---- Coming in ------------------------------------------------------------------------------------------------

  /** Returns whether more is wanted. */
  #read(bytes: Buffer, isEnded: boolean): boolean {
    if (this.#isDoomed || this.#isClosed) return false
    // What comes before an upgrade is in place belongs to no layer and is thrown away, as nsqd does.
    if (this.#upgrade !== undefined && !isEnded) return true
    const held = this.#held
    const input = this.#input
    if (isEnded) input.isEnded = true
    if (this.#isWaiting) {
      held.fill(bytes, 0)
      return true
    }
    let chunk = bytes
    while (!this.#isDoomed && !this.#isClosed) {
      if (held.length === 0) {
        const used = this.#parse(chunk, chunk.length)
        if (used < chunk.length) held.keep(chunk, used)
        break
      }
      // Complete the command in hand, no further: the rest is read where it lies.
      const taken = held.fill(chunk, input.needed)
      chunk = chunk.subarray(taken)
      held.drop(this.#parse(held.bytes, held.length))
      if (this.#isWaiting) held.fill(chunk, 0)
      if (chunk.length === 0 || this.#isWaiting || this.#upgrade !== undefined) break
    }
    if (input.isEnded && !this.#isWaiting && !this.#isDoomed && !this.#isClosed) this.#ended()
    return !this.#isDoomed && !this.#isClosed
  }

  /** Obeys the commands in `bytes`; returns where the first one begins that is not whole. */
  #parse(bytes: Buffer, length: number): number {
    const input = this.#input
    input.bytes = bytes
    input.end = length
    input.needed = 0
    let at = this.#hasMagic ? 0 : this.#readMagic(bytes, length)
    if (!this.#hasMagic) return at
    const first = at
    try {
      while (at < length && !this.#isDoomed && !this.#isClosed) {
        let next = input.readLine(at)
        if (next >= 0) next = this.#lacksTls ? refuseWithoutTls(this, input) : obey(this, input)
        if (next === NEED_MORE) break
        if (next === WAIT) {
          this.#wait()
          break
        }
        if (next === UPGRADE) {
          at = length
          break
        }
        if (next === CLOSE) {
          this.#log('info', 'closing, the client sent a line without an end')
          this.#fail(undefined)
          break
        }
        at = next
      }
    } catch (error) {
      this.#refuse(error)
    }
    if (at > first) this.#lastCommandMs = performance.now()
    input.bytes = NO_BYTES
    return at
  }

  /** Until {@link #goOn} nothing more is read from the peer. */
  #wait(): void {
    this.#isWaiting = true
    this.#transport.pause()
  }

  #goOn(): void {
    if (!this.#isWaiting || this.#isDoomed || this.#isClosed) return
    this.#isWaiting = false
    this.#lastCommandMs = performance.now()
    if (this.#transport.unreadBytes <= MAX_UNREAD_BYTES) this.#transport.resume()
    this.#read(NO_BYTES, false)
  }

  #readMagic(bytes: Buffer, length: number): number {
    if (length < MAGIC_BYTES) return 0
    if (bytes.toString('latin1', 0, MAGIC_BYTES) !== MAGIC_V2) {
      this.#fail(BAD_PROTOCOL)
      return 0
    }
    this.#hasMagic = true
    this.#lastCommandMs = performance.now()
    this.#startHeartbeat()
    return MAGIC_BYTES
  }

  #refuse(error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.#host.logger.error(`client ${this.remoteAddress}: ${(error as Error).stack}`)
      this.#fail(INTERNAL_ERROR)
      return
    }
    this.#log('info', error.message)
    const frame = encodeError(error instanceof EchoError ? error.bytes : error.message)
    if (error.fatal) this.#fail(frame)
    else this.reply(frame)
  }

  /** The peer sends no more but may still read: what it is owed goes out before the end. */
  #ended(): void {
    this.#isEnding = true
    this.#leave()
    this.#changed()
  }

  // ---- What commands ask for ------------------------------------------------------------------------------------

  identify(identity: Identity): void {
    if (!this.#isIdentified) this.locality = localityOf(identity, this.options)
    this.#isIdentified = true
    this.identity = identity
    this.#startHeartbeat()
  }

  /** Answers IDENTIFY and then, the answer having left, puts in place what it grants. */
  upgrade(response: Buffer, upgrades: Upgrades): void {
    this.#upgrade = new UpgradeSequence(upgrades, this.#transport, this.#host.tls, {
      confirm: () => {
        this.#outbox.reply(OK_FRAME)
        this.#outbox.flush()
      },
      succeeded: () => {
        this.#upgrade = undefined
        this.#lacksTls &&= this.#transport.tls === undefined
        this.#lastCommandMs = performance.now()
        this.#changed()
      },
      failed: (why) => {
        const error = new ProtocolError('E_IDENTIFY_FAILED', `IDENTIFY failed ${why}`)
        this.#log('info', error.message)
        this.#fail(encodeError(error.message))
      },
    })
    this.reply(response)
  }

  /** Answers what was just published once its topic has acknowledged it. */
  replyWhenAcked(command: string): void {
    this.#outbox.replyWhenAcked(this.publishings.lastTopic, command)
    this.#changed()
  }

  reply(frame: Buffer): void {
    this.#outbox.reply(frame)
    this.#changed()
  }

  replyError(text: Buffer): void {
    this.reply(encodeError(text))
  }

  /** @throws {ChannelFull} */
  subscribe(topicName: TopicName, channelName: ChannelName): void {
    const channel = this.#host.topic(topicName).channel(channelName)
    channel.subscribe(this)
    this.#channel = channel
    this.state = 'subscribed'
    this.#awaitsSubscribed = this.#outbox.hasReplies
  }

  setReady(count: number): void {
    this.readyCount = count
    this.#channel?.ready(this)
  }

  beginClosing(): void {
    this.state = 'closing'
    this.readyCount = 0
  }

  finish(source: Buffer, offset: number): AnswerOutcome {
    const outcome = this.#channel!.finish(this, source, offset)
    if (outcome === 'done') this.finishCount += 1
    return outcome
  }

  requeue(source: Buffer, offset: number, delayMs: number): AnswerOutcome {
    const outcome = this.#channel!.requeue(this, source, offset, delayMs)
    if (outcome === 'done') this.requeueCount += 1
    return outcome
  }

  touch(source: Buffer, offset: number): AnswerOutcome {
    return this.#channel!.touch(this, source, offset)
  }

  // ---- Going out ------------------------------------------------------------------------------------------------

  room(): number {
    if (this.#isClosed || this.#isEnding || this.#awaitsSubscribed) return 0
    return this.#outbox.isPushedBack() ? 0 : this.readyCount - this.inFlight
  }

  deliver(frames: Uint8Array, count: number, lender: Lender | undefined): void {
    this.messageCount += count
    this.#outbox.push(frames, lender)
    this.#changed()
  }

  acked(): void {
    this.#changed()
  }

  #changed(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    this.#host.turn.addSession(this)
  }

  /** Sends what the turn brought. */
  flush(): void {
    this.#isDirty = false
    if (this.#isClosed) return
    const blocking = this.#outbox.flush()
    blocking?.awaitAck(this)
    if (this.#outbox.isPushedBack()) this.#holdBack()
    else if (this.#upgrade !== undefined) this.#beginUpgrade()
    if (this.#isEnding && !this.#outbox.hasReplies) this.#transport.end()
    if (this.#awaitsSubscribed && !this.#outbox.hasReplies) {
      this.#awaitsSubscribed = false
      this.#channel?.ready(this)
    }
  }

  #holdBack(): void {
    if (this.#stuckSinceMs === 0) this.#stuckSinceMs = performance.now()
    if (this.#transport.unreadBytes > MAX_UNREAD_BYTES) this.#transport.pause()
  }

  /** Everything that went before must have left: it would get into the layer's bytes. */
  #beginUpgrade(): void {
    if (!this.#outbox.hasReplies && !this.#isEnding) this.#upgrade?.begin()
  }

  #flushed(): void {
    this.#stuckSinceMs = this.#outbox.isPushedBack() ? performance.now() : 0
    if (this.#transport.isPaused && !this.#isWaiting) this.#transport.resume()
    if (this.#upgrade !== undefined && this.#stuckSinceMs === 0) this.#beginUpgrade()
    if (!this.#isClosed && this.readyCount > this.inFlight) this.#channel?.ready(this)
  }

  // ---- Time -----------------------------------------------------------------------------------------------------

  #startHeartbeat(): void {
    clearTimeout(this.#timer)
    const interval = this.heartbeatIntervalMs
    if (interval === 0) return
    this.#timer = setInterval(() => this.#beat(interval), interval)
  }

  #beat(interval: number): void {
    const now = performance.now()
    if (this.#stuckSinceMs > 0 && now - this.#stuckSinceMs >= interval) {
      this.#drop('takes nothing more')
      return
    }
    // It cannot be heard meanwhile.
    if (this.#isWaiting) this.#lastCommandMs = now
    const silentMs = now - this.#lastCommandMs
    if (silentMs >= 2 * interval) {
      this.#drop('is silent')
      return
    }
    // The answer to IDENTIFY, and the OK of each upgrade, must come first.
    if (this.#upgrade === undefined && !this.#isEnding) {
      this.#outbox.push(HEARTBEAT, undefined)
      this.#changed()
    }
    if (silentMs > interval) {
      // The deadline falls between two heartbeats.
      const left = 2 * interval - silentMs
      setTimeout(() => {
        if (performance.now() - this.#lastCommandMs >= 2 * interval) this.#drop('is silent')
      }, left).unref()
    }
  }

  // ---- The end --------------------------------------------------------------------------------------------------

  /** Sends a last frame, if there is one, and closes. The peer gets a moment to read it: what it still sends is thrown away, not reset. */
  #fail(frame: Buffer | undefined): void {
    if (this.#isDoomed || this.#isClosed) return
    this.#isDoomed = true
    this.#isEnding = true
    if (this.#isWaiting) this.#transport.resume()
    if (frame !== undefined) this.#outbox.reply(frame)
    this.#leave()
    this.flush()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#transport.destroy(), LINGER_MS)
  }

  /** It will answer nothing more: what it had in flight is for others, and statistics know it no longer. */
  #leave(): void {
    const channel = this.#channel
    this.#channel = undefined
    this.publishings.clear()
    channel?.unsubscribe(this)
  }

  #drop(why: string): void {
    this.#log('info', `closing, the client ${why}`)
    this.#transport.destroy()
  }

  /** The channel is deleted, or nsqd stops. */
  close(): void {
    this.#transport.destroy()
    this.#closed()
  }

  /** nsqd stops: what is to be answered is answered, then the connection ends. */
  end(): void {
    this.#isEnding = true
    this.readyCount = 0
    this.flush()
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#outbox.close()
    this.#held.clear()
    this.auth?.abandon()
    this.#leave()
    this.#host.sessionClosed(this)
  }

  #log(level: 'debug' | 'info', text: string): void {
    if (this.#host.logger.isEnabled(level)) {
      this.#host.logger[level](`client ${this.remoteAddress}: ${text}`)
    }
  }
}

function authClient({ remoteHost, tls }: Transport): AuthClient {
  const isMapped = remoteHost.startsWith('::ffff:') && remoteHost.includes('.')
  return {
    remoteIp: isMapped ? remoteHost.slice(7) : remoteHost,
    isTls: tls !== undefined,
    commonName: tls?.commonName ?? '',
  }
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
