// An nsqd in this process that does what a test tells it, and writes down what it is told.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import {
  encodeError,
  encodeFrame,
  encodeResponse,
  FRAME_TYPE_MESSAGE,
  SnappyDecoder,
  SnappyEncoder,
} from '@tsq/protocol'
import { addressKey } from '../../src/address.ts'
import { parseObject } from '../../src/json.ts'
import { plainCodec } from '../../src/transport/snappy-codec.ts'
import { TEST_CERT, TEST_KEY } from '@tsq/testing'

export interface FakeCommand {
  readonly name: string
  readonly params: readonly string[]
  /** Of PUB, DPUB, IDENTIFY, AUTH one; of MPUB all. */
  readonly bodies: readonly Buffer[]
}

export interface FakeOptions {
  /** Added to the answer to IDENTIFY. */
  readonly identify?: object
  /** Features granted when asked for. */
  readonly grants?: { tls?: boolean; deflate?: boolean; snappy?: boolean }
  /** Returns true when it has answered the command itself. */
  readonly onCommand?: (command: FakeCommand, session: FakeSession) => boolean | undefined
  readonly listen?: { path: string } | { port: number; host?: string }
}

const IDENTIFY_REPLY = {
  max_rdy_count: 2500,
  version: '1.3.0',
  max_msg_timeout: 900_000,
  msg_timeout: 60_000,
  tls_v1: false,
  deflate: false,
  snappy: false,
  auth_required: false,
}

export class FakeNsqd implements AsyncDisposable {
  readonly sessions: FakeSession[] = []
  readonly options: FakeOptions
  port = 0
  /** As a client names it; stays after closing. */
  address = ''
  readonly #server: Server
  #onEvent: (() => void)[] = []

  private constructor(options: FakeOptions) {
    this.options = options
    this.#server = createServer((socket) => {
      this.sessions.push(new FakeSession(this, socket))
      this.changed()
    })
  }

  static async start(options: FakeOptions = {}): Promise<FakeNsqd> {
    const fake = new FakeNsqd(options)
    fake.#server.listen(options.listen ?? { port: 0, host: '127.0.0.1' })
    await once(fake.#server, 'listening')
    const bound = fake.#server.address()
    if (typeof bound === 'object' && bound !== null) {
      fake.port = bound.port
      fake.address = addressKey(bound.address, bound.port)
    } else fake.address = bound ?? ''
    return fake
  }

  get last(): FakeSession {
    const session = this.sessions.at(-1)
    if (session === undefined) throw new Error('no session yet')
    return session
  }

  /** Every command of every session, as text, without IDENTIFY, NOP and AUTH. */
  get commands(): string[] {
    return this.sessions.flatMap((session) => session.commands)
  }

  changed(): void {
    const waiters = this.#onEvent
    this.#onEvent = []
    for (const waiter of waiters) waiter()
  }

  /** Resolves once `holds` does; looks again at every command and connection. */
  async until(holds: () => boolean, what = 'condition', timeoutMs = 5_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!holds()) {
      if (Date.now() > deadline) {
        throw new Error(`${what} not reached; commands: ${this.commands.join(', ')}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20)
        this.#onEvent.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export class FakeSession {
  /** As text: `RDY 5`, `FIN 0000…`, `PUB t body`. IDENTIFY, AUTH and NOP are not among them. */
  readonly commands: string[] = []
  identify: Readonly<Record<string, unknown>> = {}
  nops = 0
  isClosed = false
  readonly #fake: FakeNsqd
  #socket: Socket
  #send: (bytes: Buffer) => void
  #buffer = Buffer.alloc(0)
  #hasMagic = false

  constructor(fake: FakeNsqd, socket: Socket) {
    this.#fake = fake
    this.#socket = socket
    this.#send = (bytes) => socket.write(bytes)
    this.#listen(socket)
    socket.setNoDelay(true).on('data', (chunk: Buffer) => this.#onBytes(chunk))
  }

  get alpn(): boolean {
    return this.#socket instanceof TLSSocket
  }

  ok(): void {
    this.raw(encodeResponse('OK'))
  }

  respond(text: string): void {
    this.raw(encodeResponse(text))
  }

  error(text: string): void {
    this.raw(encodeError(text))
  }

  /** @param id padded to 16 characters. */
  message(id: string, body = 'body', attempts = 1): void {
    const data = Buffer.alloc(26 + Buffer.byteLength(body))
    data.writeBigInt64BE(1_700_000_000_000_000_000n, 0)
    data.writeUInt16BE(attempts, 8)
    data.write(id.padStart(16, '0'), 10, 'latin1')
    data.write(body, 26)
    this.raw(encodeFrame(FRAME_TYPE_MESSAGE, data))
  }

  raw(bytes: Buffer): void {
    if (!this.isClosed) this.#send(bytes)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Reads no more, so that the peer's writes pile up. */
  pause(): void {
    this.#socket.pause()
  }

  #listen(socket: Socket): void {
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#fake.changed()
    })
  }

  #onBytes(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    for (let command = this.#next(); command !== undefined; command = this.#next()) {
      this.#onCommand(command)
    }
    this.#fake.changed()
  }

  #next(): FakeCommand | undefined {
    if (!this.#hasMagic) {
      if (this.#buffer.length < 4) return undefined
      this.#buffer = this.#buffer.subarray(4)
      this.#hasMagic = true
    }
    const eol = this.#buffer.indexOf(0x0a)
    if (eol < 0) return undefined
    const [name = '', ...params] = this.#buffer.toString('latin1', 0, eol).split(' ')
    let at = eol + 1
    const bodies: Buffer[] = []
    if (['PUB', 'DPUB', 'MPUB', 'IDENTIFY', 'AUTH'].includes(name)) {
      if (this.#buffer.length < at + 4) return undefined
      const size = this.#buffer.readInt32BE(at)
      at += 4
      if (this.#buffer.length < at + size) return undefined
      const data = this.#buffer.subarray(at, at + size)
      at += size
      if (name === 'MPUB') bodies.push(...splitBatch(data))
      else bodies.push(Buffer.from(data))
    }
    this.#buffer = this.#buffer.subarray(at)
    return { name, params, bodies }
  }

  #onCommand(command: FakeCommand): void {
    const { name, params, bodies } = command
    if (name === 'NOP') this.nops++
    else if (name !== 'IDENTIFY' && name !== 'AUTH') {
      this.commands.push([name, ...params, ...bodies.map(String)].join(' '))
    }
    if (this.#fake.options.onCommand?.(command, this) === true) return
    if (name === 'IDENTIFY') this.#onIdentify(bodies[0]!)
    else if (name === 'AUTH')
      this.respond('{"identity":"bob","identity_url":"","permission_count":1}')
    else if (name === 'CLS') this.respond('CLOSE_WAIT')
    else if (['SUB', 'PUB', 'MPUB', 'DPUB'].includes(name)) this.ok()
  }

  #onIdentify(body: Buffer): void {
    this.identify = parseObject(body.toString()) ?? {}
    const grants = this.#fake.options.grants ?? {}
    const tls = grants.tls === true && this.identify['tls_v1'] === true
    const deflate = grants.deflate === true && this.identify['deflate'] === true
    const snappy = grants.snappy === true && this.identify['snappy'] === true
    const reply = {
      ...IDENTIFY_REPLY,
      tls_v1: tls,
      deflate,
      snappy,
      ...this.#fake.options.identify,
    }
    this.respond(JSON.stringify(reply))
    const compress = (): void => {
      if (deflate) this.#startDeflate()
      else if (snappy) this.#startSnappy()
    }
    if (!tls) compress()
    else this.#startTls(compress)
  }

  #startTls(then: () => void): void {
    this.#socket.removeAllListeners('data')
    const secure = new TLSSocket(this.#socket, { isServer: true, cert: TEST_CERT, key: TEST_KEY })
    this.#socket = secure
    this.#listen(secure)
    this.#send = (bytes) => secure.write(bytes)
    secure.on('data', (chunk: Buffer) => this.#onBytes(chunk))
    secure.once('secure', () => {
      this.ok()
      then()
    })
  }

  #startDeflate(): void {
    const below = this.#send
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
    const inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH })
    deflate.on('data', (bytes: Buffer) => below(bytes))
    inflate.on('data', (bytes: Buffer) => this.#onBytes(bytes))
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', (chunk: Buffer) => inflate.write(chunk))
    this.#send = (bytes) => deflate.write(bytes)
    this.ok()
  }

  #startSnappy(): void {
    const below = this.#send
    const encoder = new SnappyEncoder(plainCodec)
    const decoder = new SnappyDecoder(plainCodec)
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', (chunk: Buffer) => {
      decoder.decode(chunk, (bytes) => {
        this.#onBytes(Buffer.from(bytes))
        return true
      })
    })
    this.#send = (bytes) => below(Buffer.concat(encoder.encode(bytes)))
    this.ok()
  }
}

function splitBatch(data: Buffer): Buffer[] {
  const bodies: Buffer[] = []
  let at = 4
  for (let left = data.readInt32BE(0); left > 0; left--) {
    const size = data.readInt32BE(at)
    bodies.push(Buffer.from(data.subarray(at + 4, at + 4 + size)))
    at += 4 + size
  }
  return bodies
}
