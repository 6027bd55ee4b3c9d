import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const LENGTH_BYTES = 4

export interface Identity {
  readonly [name: string]: unknown
}

export const IDENTITY: Identity = {
  broadcast_address: 'n1.test',
  hostname: 'n1',
  http_port: 24151,
  tcp_port: 24150,
  topology_region: '',
  topology_zone: '',
  version: '1.3.0',
}

/** The bytes of IDENTIFY with this body. */
export function identifyBytes(body: unknown = IDENTITY): Buffer {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const head = Buffer.from('IDENTIFY\n0000')
  head.writeInt32BE(bytes.length, head.length - LENGTH_BYTES)
  return Buffer.concat([head, bytes])
}

/** A raw connection to a nsqlookupd, with the answers it got. */
export class Peer implements Disposable {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  #hasEnded = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#wake()
    })
    const ended = (): void => {
      this.#hasEnded = true
      this.#wake()
    }
    socket.on('end', ended).on('close', ended).on('error', ended)
  }

  static async connect(tcpAddress: string): Promise<Peer> {
    const [host = '', port = ''] = tcpAddress.split(/:(?=\d+$)/)
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port: Number(port) })
    const peer = new Peer(socket)
    await once(socket, 'connect')
    return peer
  }

  /** One that has sent the magic and IDENTIFY, and was answered. */
  static async identified(tcpAddress: string, identity: Identity = IDENTITY): Promise<Peer> {
    const peer = await Peer.connect(tcpAddress)
    peer.send('  V1')
    peer.send(identifyBytes(identity))
    await peer.answer()
    return peer
  }

  /** Its own `ip:port`, as the other side sees it. */
  get address(): string {
    return `${this.socket.localAddress}:${this.socket.localPort}`
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** The payload of the next answer; undefined at the end of the connection. */
  async answer(): Promise<string | undefined> {
    for (;;) {
      const held = Buffer.concat(this.#chunks)
      if (held.length >= LENGTH_BYTES) {
        const end = LENGTH_BYTES + held.readInt32BE(0)
        if (held.length >= end) {
          this.#chunks.splice(0, this.#chunks.length, held.subarray(end))
          return held.toString('utf8', LENGTH_BYTES, end)
        }
      }
      if (this.#hasEnded) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Every answer until the connection ends. */
  async answers(): Promise<string[]> {
    const all: string[] = []
    for (;;) {
      const one = await this.answer()
      if (one === undefined) return all
      all.push(one)
    }
  }

  /** Sends a line and gives its answer. */
  command(line: string): Promise<string | undefined> {
    this.send(`${line}\n`)
    return this.answer()
  }

  /** Sends no more, but still reads. */
  end(): void {
    this.socket.end()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Waits until something holds; for what happens behind a closed connection. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('waited too long')
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
  }
}
