import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Numbers from 0 to 1 that a seed replays (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Stands between a client and a server: cuts connections at any byte, splits and delays what passes. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #target: number
  readonly #random: () => number
  readonly #sockets = new Set<Socket>()
  /** How likely a connection is to be cut. */
  cutRatio: number
  cuts = 0

  private constructor(target: number, random: () => number, cutRatio: number) {
    this.#target = target
    this.#random = random
    this.cutRatio = cutRatio
    this.#server = createServer((socket) => this.#onConnection(socket))
  }

  static async start(target: number, random: () => number, cutRatio = 0.7): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, random, cutRatio)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get address(): string {
    const bound = this.#server.address()
    return `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  }

  get open(): number {
    return this.#sockets.size
  }

  #onConnection(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    const willCut = this.#random() < this.cutRatio
    const budget = { bytes: willCut ? Math.floor(this.#random() ** 2 * 6_000) : Infinity }
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true).on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    this.#pass(client, server, budget, end)
    this.#pass(server, client, budget, end)
  }

  /** Everything in order, in pieces, some of them late; at the budget's end both sides are cut. */
  #pass(from: Socket, to: Socket, budget: { bytes: number }, end: () => void): void {
    let last: Promise<void> = Promise.resolve()
    from.on('data', (chunk: Buffer) => {
      const split = 1 + Math.floor(this.#random() * chunk.length)
      for (const piece of [chunk.subarray(0, split), chunk.subarray(split)]) {
        if (piece.length === 0) continue
        const delayMs = this.#random() < 0.2 ? this.#random() * 3 : 0
        const before = last
        last = this.#send(before, to, piece, delayMs, budget, end)
      }
    })
  }

  async #send(
    before: Promise<void>,
    to: Socket,
    piece: Buffer,
    delayMs: number,
    budget: { bytes: number },
    end: () => void,
  ): Promise<void> {
    await before
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    if (to.destroyed) return
    const allowed = Math.min(piece.length, budget.bytes)
    budget.bytes -= allowed
    if (allowed > 0) to.write(piece.subarray(0, allowed))
    if (allowed < piece.length) {
      this.cuts++
      setImmediate(end)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
