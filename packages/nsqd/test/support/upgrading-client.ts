// A client that speaks what IDENTIFY grants. Every wait has a limit.

import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'

import { crc32c } from '@node-rs/crc32'
import { readFrame, SnappyDecoder, SnappyEncoder } from '@tsq/protocol'
import { compressSync, uncompressSync } from 'snappy'

const WAIT_MS = 10_000
const MAX_FRAME_BYTES = 8 * 1024 * 1024

const codec = {
  compress: (plain: Uint8Array): Uint8Array => compressSync(plain),
  uncompress: (block: Uint8Array): Uint8Array => Buffer.from(uncompressSync(block)),
  crc32c: (bytes: Uint8Array): number => crc32c(bytes),
}

export interface ReceivedFrame {
  readonly type: number
  readonly data: Buffer
}

export class UpgradingClient {
  /** The outermost socket: TLS once that is negotiated. */
  socket: Socket
  readonly raw: Socket
  readonly #frames: ReceivedFrame[] = []
  #held: Buffer = Buffer.alloc(0)
  /** What comes behind the next frame may be of another layer. */
  #isOneFrame = false
  #isClosed = false
  #wake: (() => void) | undefined
  #compress: ((bytes: Buffer) => void) | undefined
  #restore: ((bytes: Buffer) => void) | undefined
  readonly #onData = (bytes: Buffer): void => {
    if (this.#restore === undefined) this.#plain(bytes)
    else this.#restore(bytes)
  }

  private constructor(socket: Socket) {
    this.socket = socket
    this.raw = socket
    socket.on('data', this.#onData)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake?.()
    })
  }

  static async connect(address: string): Promise<UpgradingClient> {
    const [host = '', port = ''] = address.split(':')
    const socket = connectTcp(Number(port), host)
    await once(socket, 'connect')
    socket.setNoDelay(true)
    return new UpgradingClient(socket)
  }

  /** Connects, sends IDENTIFY and does what the answer says. */
  static async identified(
    address: string,
    fields: object,
    tls?: ConnectionOptions,
  ): Promise<{ client: UpgradingClient; answer: Record<string, unknown> }> {
    const client = await UpgradingClient.connect(address)
    client.send('  V2')
    const answer = await client.identify(fields)
    if (answer['tls_v1'] === true) {
      await client.startTls(tls)
      await client.expectOk()
    }
    if (answer['snappy'] === true) client.startSnappy()
    if (answer['deflate'] === true) client.startDeflate(6)
    if (answer['snappy'] === true || answer['deflate'] === true) await client.expectOk()
    return { client, answer }
  }

  async identify(fields: object): Promise<Record<string, unknown>> {
    const body = Buffer.from(JSON.stringify({ feature_negotiation: true, ...fields }))
    this.#isOneFrame = true
    this.send(withBody('IDENTIFY', body))
    const { data } = await this.frame()
    this.#isOneFrame = false
    const text = data.toString()
    if (!text.startsWith('{')) throw new Error(text)
    const answer = JSON.parse(text) as Record<string, unknown>
    const isUpgraded = ['tls_v1', 'deflate', 'snappy'].some((name) => answer[name] === true)
    if (!isUpgraded) this.#plain(Buffer.alloc(0))
    return answer
  }

  async startTls(options: ConnectionOptions = {}): Promise<TLSSocket> {
    this.raw.off('data', this.#onData)
    const tls = connectTls({ rejectUnauthorized: false, ...options, socket: this.raw })
    this.socket = tls
    tls.on('data', this.#onData)
    await once(tls, 'secureConnect')
    tls.on('error', () => undefined)
    tls.on('close', () => {
      this.#isClosed = true
      this.#wake?.()
    })
    return tls
  }

  startSnappy(): void {
    const encoder = new SnappyEncoder(codec)
    const decoder = new SnappyDecoder(codec)
    this.#compress = (bytes) => {
      for (const chunk of encoder.encode(bytes)) this.socket.write(chunk)
    }
    this.#restore = (bytes) =>
      decoder.decode(bytes, (plain) => {
        this.#plain(Buffer.from(plain))
        return true
      })
    this.#restoreHeld()
  }

  startDeflate(level: number): void {
    const flush = constants.Z_SYNC_FLUSH
    const deflate = createDeflateRaw({ level, flush })
    const inflate = createInflateRaw({ flush })
    deflate.on('data', (bytes: Buffer) => this.socket.write(bytes))
    inflate.on('data', (bytes: Buffer) => this.#plain(bytes))
    this.#compress = (bytes) => void deflate.write(bytes)
    this.#restore = (bytes) => void inflate.write(bytes)
    this.#restoreHeld()
  }

  /** Sends a command through all layers. */
  send(command: string | Buffer): void {
    const bytes = Buffer.from(command)
    if (this.#compress === undefined) this.socket.write(bytes)
    else this.#compress(bytes)
  }

  /** The next frame that is no heartbeat. */
  async frame(): Promise<ReceivedFrame> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame === undefined) {
        if (this.#isClosed) throw new Error('closed')
        await this.#change()
        continue
      }
      if (frame.type !== 0 || frame.data.toString() !== '_heartbeat_') return frame
      this.send('NOP\n')
    }
  }

  async expectOk(): Promise<void> {
    const { data } = await this.frame()
    if (data.toString() !== 'OK') throw new Error(`no OK but ${data.toString()}`)
  }

  /** The text of the error frame that comes next. */
  async error(): Promise<string> {
    const { type, data } = await this.frame()
    if (type !== 1) throw new Error(`frame of type ${type}: ${data.toString()}`)
    return data.toString()
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#change()
  }

  destroy(): void {
    this.socket.destroy()
    this.raw.destroy()
  }

  /** What came behind the answer to IDENTIFY is compressed already. */
  #restoreHeld(): void {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    if (held.length > 0) this.#restore?.(held)
  }

  #plain(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const view = { type: 0, start: 0, end: 0 }
    let at = 0
    while (readFrame(this.#held, at, this.#held.length, MAX_FRAME_BYTES, view)) {
      this.#frames.push({ type: view.type, data: this.#held.subarray(view.start, view.end) })
      at = view.end
      if (this.#isOneFrame) break
    }
    this.#held = this.#held.subarray(at)
    this.#wake?.()
  }

  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nothing came')), WAIT_MS)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** `line LF size body` */
export function withBody(line: string, body: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.length)
  return Buffer.concat([Buffer.from(`${line}\n`), size, body])
}
