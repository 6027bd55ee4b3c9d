// The bare protocol, as little of it as moves messages in and out of any nsqd.
import { connect, type Socket } from 'node:net'

const FRAME_HEADER_BYTES = 8
const MESSAGE_TYPE = 2
const MESSAGE_HEADER_BYTES = 26

export interface WireMessage {
  readonly id: string
  readonly attempts: number
  readonly timestampNs: bigint
  readonly body: Buffer
}

/** One connection. Responses come in order; messages go to whoever asked for them. */
export class Wire {
  onMessage: (message: WireMessage) => void = () => undefined
  readonly #socket: Socket
  readonly #waiting: ((response: string) => void)[] = []
  #held: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#read(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const answer of this.#waiting.splice(0)) answer('closed')
    })
    socket.write('  V2')
  }

  static open(address: string): Promise<Wire> {
    const [host = '', port = ''] = address.split(':')
    const socket = connect(Number(port), host)
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Wire(socket)))
    })
  }

  send(command: string): void {
    this.#socket.write(`${command}\n`)
  }

  request(command: string, body?: Buffer): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write(`${command}\n`)
      if (body === undefined) return
      this.#socket.write(sized(body))
    })
  }

  publishMany(topic: string, bodies: readonly Buffer[]): Promise<string> {
    const count = Buffer.alloc(4)
    count.writeInt32BE(bodies.length)
    return this.request(`MPUB ${topic}`, Buffer.concat([count, ...bodies.map(sized)]))
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    let at = 0
    while (this.#held.length - at >= FRAME_HEADER_BYTES) {
      const end = at + 4 + this.#held.readInt32BE(at)
      if (this.#held.length < end) break
      const data = this.#held.subarray(at + FRAME_HEADER_BYTES, end)
      if (this.#held.readInt32BE(at + 4) === MESSAGE_TYPE) this.onMessage(decode(data))
      else this.#answer(data.toString())
      at = end
    }
    this.#held = this.#held.subarray(at)
  }

  #answer(response: string): void {
    if (response === '_heartbeat_') this.send('NOP')
    else this.#waiting.shift()?.(response)
  }
}

function decode(data: Buffer): WireMessage {
  return {
    timestampNs: data.readBigInt64BE(0),
    attempts: data.readUInt16BE(8),
    id: data.toString('latin1', 10, MESSAGE_HEADER_BYTES),
    body: Buffer.from(data.subarray(MESSAGE_HEADER_BYTES)),
  }
}

function sized(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}
