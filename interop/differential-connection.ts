import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeflateLayer, type Layer, type LayerEvents, SnappyLayer } from './differential-layers.ts'

const FRAME_HEADER_BYTES = 8
const TYPE_BYTES = 4
const ATTEMPTS_OFFSET = 8
const ID_OFFSET = 10
const BODY_OFFSET = 26
const RESPONSE_TYPE = 0
const UPGRADE_TIMEOUT_MS = 10_000
const POLL_MS = 2

/** A frame as it came. */
export interface Frame {
  readonly type: number
  readonly data: Buffer
}

export interface Delivery {
  readonly id: string
  readonly attempts: number
  readonly body: string
}

/** How a client takes what IDENTIFY grants. */
export interface UpgradeManner {
  readonly tls: ConnectionOptions
  /** Sent in the place of a TLS handshake. */
  readonly insteadOfTls: Buffer | undefined
  /** Compressed bytes are written in pieces of so many. */
  readonly pieceBytes: number
}

/** Reads the message in a frame of type 2. */
export function readDelivery(data: Buffer): Delivery {
  return {
    id: data.toString('latin1', ID_OFFSET, BODY_OFFSET),
    attempts: data.readUInt16BE(ATTEMPTS_OFFSET),
    body: data.toString('latin1', BODY_OFFSET),
  }
}

/**
 * A bare connection to an nsqd: what is written goes as it is, what comes is cut into frames. What IDENTIFY grants is put
 * between: TLS, and compression in it.
 */
export class Connection {
  /** How it stands with what nsqd sends. */
  state: 'open' | 'ended' | 'reset' = 'open'
  readonly localPort: number
  readonly #raw: Socket
  /** The outermost: TLS where that is spoken. */
  #socket: Socket
  #layer: Layer | undefined
  #pieceBytes = Infinity
  #frames: Frame[] = []
  /** Of this layer; what a frame leaves may belong to the next. */
  #unread: Buffer = Buffer.alloc(0)
  /** Frames that are read for now: what follows may be of a layer that is not in place yet. */
  #limit = Infinity
  readonly #onData = (bytes: Buffer): void => {
    if (this.#layer === undefined) this.#read(bytes)
    else this.#layer.restore(bytes)
  }

  private constructor(socket: Socket) {
    this.#raw = socket
    this.#socket = socket
    this.localPort = socket.localPort ?? 0
    this.#watch(socket)
  }

  static async open(address: string): Promise<Connection> {
    const [host = '', port] = address.split(':')
    const socket = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Nothing has come that was not taken, and it may still come. */
  get isQuiet(): boolean {
    return this.state === 'open' && this.#frames.length === 0
  }

  /** The frames since the last call. */
  takeFrames(): Frame[] {
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  send(bytes: Buffer): void {
    if (this.#layer === undefined) this.sendRaw(bytes)
    else this.#layer.compress(bytes)
  }

  /** Past compression, if there is any. */
  sendRaw(bytes: Buffer): void {
    if (this.state === 'open' && this.#socket.writable) this.#socket.write(bytes)
  }

  /** Sends IDENTIFY and does what the answer says, as far as nsqd goes along. */
  async identify(bytes: Buffer, manner: UpgradeManner): Promise<void> {
    const before = this.#frames.length
    this.#limit = before + 1
    this.send(bytes)
    await this.#readUpTo(this.#limit)
    const granted = readGrants(this.#frames[before])
    if (granted.tls && manner.insteadOfTls !== undefined) this.sendRaw(manner.insteadOfTls)
    else if (granted.tls) await this.#startTls(manner.tls)
    if (granted.tls) await this.#readUpTo(before + 2)
    if (granted.compression !== undefined && manner.insteadOfTls === undefined) {
      this.#pieceBytes = manner.pieceBytes
      this.#compress(granted.compression, granted.level)
      await this.#readUpTo(before + (granted.tls ? 3 : 2))
    }
    this.#limit = Infinity
    this.#read(Buffer.alloc(0))
  }

  shut(): void {
    if (this.#socket.writable) this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
    this.#raw.destroy()
    this.#layer?.close()
  }

  #watch(socket: Socket): void {
    socket.on('data', this.#onData)
    socket.on('end', () => this.#stopped('ended'))
    socket.on('error', () => this.#stopped('reset'))
    socket.on('close', () => this.#stopped('ended'))
  }

  async #startTls(options: ConnectionOptions): Promise<void> {
    this.#raw.removeAllListeners('data')
    this.#raw.removeAllListeners('end')
    const secure = connectTls({ rejectUnauthorized: false, ...options, socket: this.#raw })
    this.#socket = secure
    this.#watch(secure)
    await Promise.race([
      once(secure, 'secureConnect').catch(() => undefined),
      sleep(UPGRADE_TIMEOUT_MS, undefined, { ref: false }),
    ])
  }

  #compress(name: 'deflate' | 'snappy', level: number): void {
    const events: LayerEvents = {
      onCompressed: (bytes) => {
        for (let at = 0; at < bytes.length; at += this.#pieceBytes) {
          this.sendRaw(bytes.subarray(at, at + this.#pieceBytes))
        }
      },
      onRestored: (bytes) => this.#read(bytes),
      onBroken: () => this.#stopped('reset'),
    }
    const layer = name === 'deflate' ? new DeflateLayer(level, events) : new SnappyLayer(events)
    const held = this.#unread
    this.#unread = Buffer.alloc(0)
    this.#layer = layer
    if (held.length > 0) layer.restore(held)
  }

  /** Waits until there are so many frames, and reads no more of them. */
  async #readUpTo(count: number): Promise<void> {
    this.#limit = count
    this.#read(Buffer.alloc(0))
    const giveUpMs = performance.now() + UPGRADE_TIMEOUT_MS
    while (this.state === 'open' && this.#frames.length < count && performance.now() < giveUpMs) {
      await sleep(POLL_MS)
    }
  }

  #stopped(how: 'ended' | 'reset'): void {
    if (this.state !== 'open') return
    this.state = how
    this.#socket.destroy()
    this.#raw.destroy()
  }

  #read(bytes: Buffer): void {
    let unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    while (unread.length >= FRAME_HEADER_BYTES && this.#frames.length < this.#limit) {
      const end = TYPE_BYTES + unread.readInt32BE(0)
      if (end < FRAME_HEADER_BYTES) {
        this.#stopped('reset')
        return
      }
      if (unread.length < end) break
      const data = Buffer.from(unread.subarray(FRAME_HEADER_BYTES, end))
      this.#frames.push({ type: unread.readInt32BE(TYPE_BYTES), data })
      unread = unread.subarray(end)
    }
    this.#unread = unread
  }
}

interface Grants {
  readonly tls: boolean
  readonly compression: 'deflate' | 'snappy' | undefined
  readonly level: number
}

function readGrants(frame: Frame | undefined): Grants {
  const text = frame?.type === RESPONSE_TYPE ? frame.data.toString() : ''
  if (!text.startsWith('{')) return { tls: false, compression: undefined, level: 0 }
  const answer = JSON.parse(text) as Readonly<Record<string, unknown>>
  let compression: Grants['compression']
  if (answer['snappy'] === true) compression = 'snappy'
  else if (answer['deflate'] === true) compression = 'deflate'
  return { tls: answer['tls_v1'] === true, compression, level: Number(answer['deflate_level']) }
}
