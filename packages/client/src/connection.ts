// Hot: one connection to an nsqd, from the socket to whole frames. Producers and consumers build on it.
//
//   open ─► IDENTIFY ─► TLS? ─► deflate or snappy? ─► AUTH? ─► ready ─► closed
//
// Every way to `closed` goes through `destroy`, once, and tells the handler once.

import type { Socket } from 'node:net'
import {
  encodeAuth,
  encodeIdentify,
  encodeNop,
  FRAME_TYPE_ERROR,
  FRAME_TYPE_MESSAGE,
  FRAME_TYPE_RESPONSE,
  MAGIC_V2,
  RESPONSE_CLOSE_WAIT,
  RESPONSE_HEARTBEAT,
} from '@tsq/protocol'
import type { Address } from './address.ts'
import { identifyBody, type ConnectionOptions } from './connection-options.ts'
import { connectChannel } from './diagnostics.ts'
import {
  ConnectionError,
  HandshakeError,
  type NsqError,
  PeerError,
  ServerError,
  type HandshakeErrorCode,
} from './errors.ts'
import { readAuthInfo, readServerInfo, type AuthInfo, type ServerInfo } from './server-info.ts'
import { deflateLayer, snappyLayer, type Layer } from './transport/compression.ts'
import { FrameReader } from './transport/frame-reader.ts'
import { Outbox } from './transport/outbox.ts'
import { loadCodec } from './transport/snappy-codec.ts'
import { dial, SocketTransport, upgradeToTls } from './transport/socket.ts'
import type { Transport, TransportSink } from './transport/transport.ts'

/** Who gets what a connection reads once it is ready. Called from the socket's own events: must not throw. */
export interface ConnectionHandler {
  onOk(): void
  onCloseWait(): void
  /** @param buffer kept as long as the handler likes; the message's data lies at start…end. */
  onMessage(buffer: Buffer, start: number, end: number): void
  onServerError(error: ServerError): void
  onHeartbeat(): void
  /** Once a watch interval, while the connection lives. */
  onWatch(elapsedMs: number): void
  /** @param error why; undefined when this side wanted it. */
  onClose(error: NsqError | undefined): void
}

interface FrameWaiter {
  resolve(frame: string): void
  reject(error: Error): void
}

const NOP = encodeNop()
const O = 0x4f
const K = 0x4b

export class Connection implements TransportSink {
  readonly address: Address
  readonly outbox: Outbox
  server: ServerInfo | undefined
  auth: AuthInfo | undefined
  /** The shortest wait for an answer so far: about a round trip. Any one may be longer by what else went on. */
  roundTripMs = Infinity
  /** `ip:port` of this side, `` on a unix socket. */
  localKey = ''
  readonly #options: ConnectionOptions
  readonly #reader: FrameReader
  #socket: Socket
  #transport: Transport
  #layer: Layer | undefined
  #handler: ConnectionHandler | undefined
  #waiter: FrameWaiter | undefined
  #failure: NsqError | undefined
  #isClosed = false
  #watch: NodeJS.Timeout | undefined
  /** Whether anything came since the watch last looked, and for how long nothing has. */
  #hasRead = false
  #silentMs = 0
  #writesSeen = 0
  #stuckMs = 0

  private constructor(address: Address, options: ConnectionOptions, socket: Socket) {
    this.address = address
    this.#options = options
    this.#socket = socket
    this.#transport = new SocketTransport(socket)
    this.outbox = new Outbox(this.#transport)
    this.#reader = new FrameReader(options.maxFrameBytes, (type, buffer, start, end) => {
      this.#onFrame(type, buffer, start, end)
    })
  }

  /**
   * Connects and does the whole handshake.
   *
   * @throws {ConnectionError | HandshakeError | PeerError} what went wrong, or the signal's reason.
   */
  static async open(
    address: Address,
    options: ConnectionOptions,
    signal?: AbortSignal,
  ): Promise<Connection> {
    const dialledAt = performance.now()
    const socket = await dial(address, { ...options, signal })
    const connection = new Connection(address, options, socket)
    connection.tookRoundTrip(dialledAt)
    const onAbort = (): void => connection.destroy()
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer = setTimeout(() => {
      const text = `no handshake with ${address.key} within ${options.handshakeTimeoutMs} ms`
      connection.destroy(
        new ConnectionError('ERR_HANDSHAKE_TIMEOUT', text, { address: address.key }),
      )
    }, options.handshakeTimeoutMs)
    try {
      connection.#listen(socket)
      await connection.#handshake()
      if (connection.#isClosed) throw connection.#failure ?? connection.#lost()
    } catch (error) {
      const failure = connection.#failure
      connection.destroy()
      signal?.throwIfAborted()
      throw failure ?? error
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    if (connectChannel.hasSubscribers) {
      connectChannel.publish({ address: address.key, server: connection.server })
    }
    return connection
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** An answer came just now to what was asked at `askedAt`. */
  tookRoundTrip(askedAt: number): void {
    this.roundTripMs = Math.min(this.roundTripMs, performance.now() - askedAt)
  }

  /** From now on frames go to `handler`. Call it in the turn `open` resolved in. */
  attach(handler: ConnectionHandler): void {
    this.#handler = handler
    const { readTimeoutMs, writeTimeoutMs } = this.#options
    const everyMs = Math.max(25, Math.min(1_000, readTimeoutMs / 4, writeTimeoutMs / 4))
    this.#watch = setInterval(() => this.#onWatch(everyMs), everyMs).unref()
    if (this.#isClosed) {
      clearInterval(this.#watch)
      queueMicrotask(() => handler.onClose(this.#failure))
      return
    }
    this.#resume()
  }

  /** Sends what waits, then closes. */
  end(): void {
    this.outbox.flush()
    if (this.#transport.pendingBytes() === 0 || this.#isClosed) {
      this.destroy()
      return
    }
    // The watch ends a socket that never drains.
    this.outbox.close()
    if (this.#layer === undefined) {
      this.#socket.end(() => this.destroy())
      return
    }
    const poll = setInterval(() => {
      if (this.#transport.pendingBytes() > 0 && !this.#isClosed) return
      clearInterval(poll)
      this.destroy()
    }, 5)
  }

  /** Closes at once. The first call's error is the one reported. */
  destroy(error?: NsqError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#failure = error
    clearInterval(this.#watch)
    this.outbox.close()
    this.#layer?.close()
    this.#socket.destroy()
    this.#waiter?.reject(error ?? this.#lost())
    this.#waiter = undefined
    this.#handler?.onClose(error)
  }

  onBytes(chunk: Buffer): void {
    if (this.#isClosed) return
    this.#hasRead = true
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.destroy(new PeerError(error.message, { address: this.address.key }))
    }
  }

  onFailure(cause: Error): void {
    const text = `what ${this.address.key} sends cannot be decompressed: ${cause.message}`
    this.destroy(new PeerError(text, { address: this.address.key, cause }))
  }

  // --- the handshake

  async #handshake(): Promise<void> {
    const options = this.#options
    this.outbox.bytes(Buffer.from(MAGIC_V2))
    this.outbox.bytes(encodeIdentify(identifyBody(options)))
    this.outbox.flush()
    const startedAt = performance.now()
    const reply = await this.#response('ERR_IDENTIFY', 'failed to IDENTIFY - ')
    this.tookRoundTrip(startedAt)
    const server = readServerInfo(reply)
    if (server === undefined) throw this.#unexpected('IDENTIFY', reply)
    this.server = server
    this.#checkGranted(server)
    if (server.tls && options.tls !== false) await this.#startTls()
    if (server.snappy && options.snappy) await this.#startSnappy()
    else if (server.deflate && options.deflate) await this.#startDeflate()
    if (server.authRequired) await this.#authenticate()
  }

  #checkGranted(server: ServerInfo): void {
    const options = this.#options
    const refused: string[] = []
    if (options.tls !== false && !server.tls && options.requireTls) refused.push('TLS')
    if (options.requireCompression) {
      if (options.deflate && !server.deflate) refused.push('deflate')
      if (options.snappy && !server.snappy) refused.push('snappy')
    }
    if (refused.length === 0) return
    const text = `${this.address.key} does not grant ${refused.join(' and ')}`
    throw new HandshakeError('ERR_FEATURE_REFUSED', text, { address: this.address.key })
  }

  async #startTls(): Promise<void> {
    if (this.#reader.rest().length > 0) throw this.#unexpected('IDENTIFY', 'bytes before TLS')
    this.#socket.removeAllListeners('data')
    const given = typeof this.#options.tls === 'object' ? this.#options.tls : {}
    const secure = await upgradeToTls(this.#socket, this.address, given)
    if (this.#isClosed) {
      secure.destroy()
      throw this.#failure ?? this.#lost()
    }
    this.#socket.removeAllListeners('close')
    this.#socket = secure
    this.#transport = new SocketTransport(secure)
    this.outbox.use(this.#transport)
    this.#listen(secure)
    await this.#expectOk('TLS')
  }

  async #startSnappy(): Promise<void> {
    const codec = await loadCodec()
    await this.#startLayer('snappy', (below) => snappyLayer(below, this, codec))
  }

  async #startDeflate(): Promise<void> {
    const level = this.#options.deflateLevel
    await this.#startLayer('deflate', (below) => deflateLayer(below, this, level))
  }

  /** Bytes already read past the last answer belong to the new layer. */
  async #startLayer(name: string, make: (below: Transport) => Layer): Promise<void> {
    if (this.#isClosed) throw this.#failure ?? this.#lost()
    const layer = make(this.#transport)
    this.#layer = layer
    this.#transport = layer
    this.outbox.use(layer)
    const rest = this.#reader.rest()
    this.#reader.stop()
    if (rest.length > 0) layer.receive(rest)
    await this.#expectOk(name)
  }

  async #expectOk(step: string): Promise<void> {
    const reply = await this.#response('ERR_IDENTIFY', `${step} failed - `)
    if (reply !== 'OK') throw this.#unexpected(step, reply)
  }

  async #authenticate(): Promise<void> {
    const { authSecret } = this.#options
    const address = this.address.key
    if (authSecret === '') {
      throw new HandshakeError(
        'ERR_AUTH_REQUIRED',
        `${address} asks for AUTH; no authSecret is set`,
        {
          address,
        },
      )
    }
    this.outbox.bytes(encodeAuth(authSecret))
    const reply = await this.#response('ERR_AUTH', 'error authenticating: ')
    this.auth = readAuthInfo(reply)
    if (this.auth === undefined) throw this.#unexpected('AUTH', reply)
  }

  /** The next frame's text; an error frame throws. The reader stops behind it. */
  async #response(code: HandshakeErrorCode, textBefore: string): Promise<string> {
    if (this.#isClosed) throw this.#failure ?? this.#lost()
    const frame = new Promise<string>((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
    this.#resume()
    try {
      return await frame
    } catch (cause) {
      if (!(cause instanceof ServerError)) throw cause
      throw new HandshakeError(code, textBefore + cause.message, {
        address: this.address.key,
        cause,
      })
    }
  }

  /** Reads on behind the frame the reader was stopped at. */
  #resume(): void {
    const rest = this.#reader.rest()
    if (rest.length > 0) this.onBytes(rest)
  }

  #unexpected(step: string, reply: string): PeerError {
    const shown = JSON.stringify(reply.slice(0, 100))
    return new PeerError(`${this.address.key} answered ${step} with ${shown}`, {
      address: this.address.key,
    })
  }

  #lost(cause?: unknown): ConnectionError {
    const text = `connection to ${this.address.key} lost`
    return new ConnectionError('ERR_CONNECTION_LOST', text, { address: this.address.key, cause })
  }

  // --- what the socket says

  #listen(socket: Socket): void {
    let cause: Error | undefined
    const { localAddress, localPort } = socket
    this.localKey = localAddress === undefined ? '' : `${localAddress}:${localPort}`
    socket.on('data', (chunk: Buffer) => {
      if (this.#layer === undefined) this.onBytes(chunk)
      else {
        this.#hasRead = true
        this.#layer.receive(chunk)
      }
    })
    socket.on('error', (error) => {
      cause = error
    })
    socket.on('close', () => this.destroy(this.#lost(cause)))
  }

  #onFrame(type: number, buffer: Buffer, start: number, end: number): void {
    if (this.#isClosed) return
    const handler = this.#handler
    if (handler === undefined) {
      this.#onHandshakeFrame(type, buffer, start, end)
    } else if (type === FRAME_TYPE_MESSAGE) {
      handler.onMessage(buffer, start, end)
    } else if (type === FRAME_TYPE_RESPONSE) {
      if (end - start === 2 && buffer[start] === O && buffer[start + 1] === K) handler.onOk()
      else this.#onRareResponse(buffer.toString('utf8', start, end), handler)
    } else if (type === FRAME_TYPE_ERROR) {
      const error = new ServerError(buffer.toString('utf8', start, end), this.address.key)
      handler.onServerError(error)
      if (error.fatal) this.destroy(error)
    } else {
      this.destroy(new PeerError(`unknown frame type ${type}`, { address: this.address.key }))
    }
  }

  #onHandshakeFrame(type: number, buffer: Buffer, start: number, end: number): void {
    const text = buffer.toString('utf8', start, end)
    if (text === RESPONSE_HEARTBEAT) {
      this.outbox.bytes(NOP)
      return
    }
    // Without a waiter the frame would be lost: between two steps the reader stands still, so none comes.
    const waiter = this.#waiter
    this.#waiter = undefined
    this.#reader.stop()
    if (type === FRAME_TYPE_RESPONSE) waiter?.resolve(text)
    else if (type === FRAME_TYPE_ERROR) waiter?.reject(new ServerError(text, this.address.key))
    else waiter?.reject(this.#unexpected('the handshake', `a frame of type ${type}`))
  }

  #onRareResponse(text: string, handler: ConnectionHandler): void {
    if (text === RESPONSE_HEARTBEAT) {
      this.outbox.bytes(NOP)
      handler.onHeartbeat()
    } else if (text === RESPONSE_CLOSE_WAIT) {
      handler.onCloseWait()
    } else {
      this.destroy(this.#unexpected('a command', text))
    }
  }

  /** Counts its own ticks instead of asking the clock: a blocked event loop is not a silent peer. */
  #onWatch(elapsedMs: number): void {
    this.#silentMs = this.#hasRead ? 0 : this.#silentMs + elapsedMs
    this.#hasRead = false
    const { readTimeoutMs, writeTimeoutMs, heartbeatIntervalMs } = this.#options
    if (this.#silentMs >= readTimeoutMs && heartbeatIntervalMs !== -1) {
      const text = `${this.address.key} was silent for ${readTimeoutMs} ms`
      this.destroy(new ConnectionError('ERR_READ_TIMEOUT', text, { address: this.address.key }))
      return
    }
    const done = this.#transport.writesDone()
    const isStuck = this.#transport.pendingBytes() > 0 && done === this.#writesSeen
    this.#writesSeen = done
    this.#stuckMs = isStuck ? this.#stuckMs + elapsedMs : 0
    if (this.#stuckMs >= writeTimeoutMs) {
      const text = `${this.address.key} took nothing for ${writeTimeoutMs} ms`
      this.destroy(new ConnectionError('ERR_WRITE_TIMEOUT', text, { address: this.address.key }))
      return
    }
    this.#handler?.onWatch(elapsedMs)
  }
}
