import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const LENGTH_BYTES = 4
const PATIENCE_MS = 10_000

/** A raw TCP V1 connection. Shares nothing with our packages, so that it can't share a fault. */
export class LookupdPeer {
  readonly #socket: Socket
  #held = Buffer.alloc(0)
  #hasEnded = false
  #wake: () => void = () => undefined

  static async connect(port: number): Promise<LookupdPeer> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return new LookupdPeer(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#held = Buffer.concat([this.#held, chunk])
      this.#wake()
    })
    const ended = (): void => {
      this.#hasEnded = true
      this.#wake()
    }
    socket.on('end', ended).on('close', ended).on('error', ended)
    this.address = `127.0.0.1:${socket.localPort}`
  }

  /** As the daemon sees it. */
  readonly address: string

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Sends no more, but still reads. */
  end(): void {
    this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** The next `count` answers, fewer if the connection ends before; then `<end>`. */
  async answers(count: number): Promise<string[]> {
    const all: string[] = []
    while (all.length < count) {
      const one = this.#take()
      if (one !== undefined) all.push(one)
      else if (this.#hasEnded) return [...all, '<end>']
      else await this.#more()
    }
    return all
  }

  #take(): string | undefined {
    if (this.#held.length < LENGTH_BYTES) return undefined
    const end = LENGTH_BYTES + this.#held.readInt32BE(0)
    if (this.#held.length < end) return undefined
    const payload = this.#held.toString('utf8', LENGTH_BYTES, end)
    this.#held = this.#held.subarray(end)
    return payload
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nsqlookupd does not answer')), PATIENCE_MS)
      this.#wake = (): void => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
