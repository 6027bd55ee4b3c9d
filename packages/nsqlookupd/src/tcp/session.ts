import type { Socket } from 'node:net'

import { hostPort, type Logger } from '@tsq/daemon'
import { MAGIC_V1, ProtocolError } from '@tsq/protocol'

import type { NodeIdentity, RegisteredNode } from '../registry/registered-node.ts'
import type { Registry } from '../registry/registry.ts'
import { bump, type Counters } from '../stats/counters.ts'
import { obey } from './commands.ts'
import { beginsTls } from './first-byte.ts'
import { Input } from './input.ts'
import type { SessionLimits } from './limits.ts'
import { encodeReply } from './reply.ts'

const MAGIC_BYTES = 4

/** What nsqlookupd tells a nsqd of itself. */
export interface Self {
  readonly broadcastAddress: string
  readonly tcpPort: number
  readonly httpPort: number
  /** 0 where there is no HTTPS. */
  readonly httpsPort: number
}

/** What a session needs of its nsqlookupd. */
export interface SessionHost {
  readonly registry: Registry
  readonly counters: Counters
  readonly logger: Logger
  readonly limits: SessionLimits
  readonly self: Self
  sessionClosed(session: Session): void
}

/** One connection of a nsqd: the bytes that come in, the commands in them, and the answers, in order. */
export class Session {
  /** `ip:port`; `@` over a Unix socket. */
  readonly peer: string
  /** Undefined until IDENTIFY, and again once the connection is lost. */
  node: RegisteredNode | undefined
  readonly #socket: Socket
  readonly #host: SessionHost
  readonly #input = new Input()
  /** Why this peer may not talk to us; it is told so instead of its first answer. */
  readonly #problem: string | undefined
  #hasMagic = false
  /** An error has been answered, or the connection is at its end: what still comes in is thrown away. */
  #isDoomed = false
  #isClosed = false
  /** Not read until the answers given have been taken. */
  #isStalled = false
  #timer: NodeJS.Timeout | undefined
  /** What the timer waits for; a command that comes in pieces doesn't wind it up again. */
  #awaited = ''

  constructor(socket: Socket, host: SessionHost, problem?: string) {
    this.#socket = socket
    this.#problem = problem
    this.#host = host
    const { remoteAddress, remotePort } = socket
    this.peer = remoteAddress === undefined ? '@' : hostPort(remoteAddress, remotePort ?? 0)
    this.logger.info(`TCP: new client(${this.peer})`)
    this.#await('the magic', host.limits.magicTimeoutMs)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#ended())
    socket.on('drain', () => this.#drained())
    socket.on('error', (error) =>
      this.logger.debug(`[${this.peer}] connection failed - ${error.message}`),
    )
    socket.on('close', () => this.#closed())
  }

  get registry(): Registry {
    return this.#host.registry
  }

  get counters(): Counters {
    return this.#host.counters
  }

  get logger(): Logger {
    return this.#host.logger
  }

  get limits(): SessionLimits {
    return this.#host.limits
  }

  get self(): Self {
    return this.#host.self
  }

  // ---- What commands do ------------------------------------------------------------------------

  identified(identity: NodeIdentity): void {
    this.node = this.registry.addNode(identity)
    const { broadcastAddress, tcpPort, httpPort, version } = identity
    this.logger.info(
      `CLIENT(${this.peer}): IDENTIFY Address:${broadcastAddress} TCP:${tcpPort} HTTP:${httpPort} Version:${version}`,
    )
  }

  logChange(verb: 'REGISTER' | 'UNREGISTER', topicName: string, channelName = ''): void {
    if (!this.logger.isEnabled('info')) return
    const category = channelName === '' ? 'topic' : 'channel'
    this.logger.info(
      `DB: client(${this.peer}) ${verb} category:${category} key:${topicName} subkey:${channelName}`,
    )
  }

  // ---- Coming in -------------------------------------------------------------------------------

  #read(chunk: Buffer): void {
    if (this.#isDoomed) return
    this.#input.push(chunk)
    this.#obeyAll()
  }

  #ended(): void {
    if (this.#isDoomed) return
    this.#input.isEnded = true
    this.#obeyAll()
    if (!this.#isStalled) this.close()
  }

  #obeyAll(): void {
    if (this.#isDoomed || this.#isStalled) return
    const replies: Buffer[] = []
    try {
      let reply = this.#next()
      while (reply !== undefined) {
        replies.push(reply)
        reply = this.#next()
      }
    } catch (error) {
      this.#refuse(error, replies)
      return
    }
    this.#input.compact()
    this.#send(replies)
    if (!this.#isStalled) this.#awaitMore()
  }

  /** Obeys the next command and gives its answer; undefined when there is no whole one. */
  #next(): Buffer | undefined {
    const input = this.#input
    if (!this.#hasMagic && !this.#readMagic()) return undefined
    const line = input.readLine(this.limits.maxLineBytes)
    if (line.kind === 'more') return undefined
    if (line.kind === 'tooLong') {
      throw new ProtocolError(
        'E_INVALID',
        `line too long, the limit is ${this.limits.maxLineBytes} bytes`,
      )
    }
    const reply = obey(this, line.text, input)
    if (reply === undefined) input.rewind()
    else input.commit()
    return reply
  }

  #readMagic(): boolean {
    const magic = this.#input.readBytes(MAGIC_BYTES)
    if (magic === undefined) return false
    if (magic.toString('latin1') !== MAGIC_V1) {
      this.logger.error(`client(${this.peer}) ${describeMagic(magic)}`)
      throw new ProtocolError('E_BAD_PROTOCOL', '')
    }
    this.logger.info(`CLIENT(${this.peer}): desired protocol magic '${MAGIC_V1}'`)
    if (this.#problem !== undefined) throw new ProtocolError('E_INVALID', this.#problem)
    this.#input.commit()
    this.#hasMagic = true
    return true
  }

  // ---- Going out -------------------------------------------------------------------------------

  #send(replies: readonly Buffer[]): void {
    if (replies.length === 0) return
    this.#stopWaiting()
    if (this.#socket.write(Buffer.concat(replies))) return
    this.#isStalled = true
    this.#socket.pause()
    this.#await('answers to be taken', this.limits.sendTimeoutMs)
  }

  #drained(): void {
    if (!this.#isStalled) return
    this.#isStalled = false
    this.#socket.resume()
    this.#obeyAll()
    if (this.#input.isEnded && !this.#isStalled) this.close()
  }

  /** Answers what was obeyed and then the error, and closes; the peer gets a moment to read that. */
  #refuse(error: unknown, replies: readonly Buffer[]): void {
    const answer = this.#answerTo(error)
    bump(this.counters.errors, answer.code)
    this.#depart()
    this.#await('the peer to close', this.limits.lingerMs)
    this.#socket.end(Buffer.concat([...replies, encodeReply(answer.message)]))
    this.#socket.resume()
  }

  #answerTo(error: unknown): ProtocolError {
    if (error instanceof ProtocolError) {
      // One character a byte, as it came; shown as the text it was meant to be.
      const text = Buffer.from(error.message, 'latin1').toString()
      const cause = error.cause instanceof Error ? ` - ${error.cause.message}` : ''
      this.logger.error(`[${this.peer}] - ${text}${cause}`)
      return error
    }
    this.logger.error(`[${this.peer}] - command failed`, {
      err: error,
      stack: error instanceof Error ? error.stack : String(error),
    })
    return new ProtocolError('E_INVALID', 'internal error')
  }

  // ---- Time ------------------------------------------------------------------------------------

  #awaitMore(): void {
    if (!this.#hasMagic) return
    if (this.#input.heldBytes > 0) {
      this.#await('the rest of a command', this.limits.commandTimeoutMs)
    } else if (this.node === undefined) {
      this.#stopWaiting()
      this.#await('a command', this.limits.unidentifiedTimeoutMs)
    } else {
      this.#stopWaiting()
    }
  }

  #await(what: string, ms: number): void {
    if (this.#awaited === what) return
    this.#stopWaiting()
    this.#awaited = what
    this.#timer = setTimeout(() => this.#timedOut(what), ms)
    this.#timer.unref()
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    this.#awaited = ''
  }

  #timedOut(what: string): void {
    if (!this.#isDoomed) {
      this.counters.timeouts += 1
      this.logger.info(`[${this.peer}] - closing, waited too long for ${what}`)
    }
    this.#socket.destroy()
  }

  // ---- The end ---------------------------------------------------------------------------------

  /** Sends what was answered and closes. */
  close(): void {
    this.#depart()
    this.#await('the answers to be sent', this.limits.lingerMs)
    this.#socket.destroySoon()
  }

  #depart(): void {
    this.#isDoomed = true
    this.#input.clear()
    if (this.node === undefined) return
    this.registry.removeNode(this.node)
    this.node = undefined
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopWaiting()
    this.#depart()
    this.logger.info(`PROTOCOL(V1): [${this.peer}] exiting ioloop`)
    this.#host.sessionClosed(this)
  }
}

function describeMagic(magic: Buffer): string {
  if (beginsTls(magic))
    return 'speaks TLS, and there is no certificate here (--tls-cert, --tls-key)'
  return `bad protocol magic '${magic.toString()}'`
}
