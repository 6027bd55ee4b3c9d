import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

import { Random } from '@tsq/testing'
import { CommandTap } from './command-tap.ts'

/** Most bytes that a connection which is to be cut lives for; most die far earlier. */
const LONGEST_LIFE_BYTES = 6_000
const DELAYED_RATIO = 0.2
const LONGEST_DELAY_MS = 3

/** Stands between a client and nsqd: cuts connections at any byte, splits and delays what passes, reorders nothing. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #target: number
  readonly #random: Random
  readonly #cutRatio: number
  readonly #sockets = new Set<Socket>()
  /** What each connection's client said, the part that nsqd got. Of use where the connection stays in clear. */
  readonly taps: CommandTap[] = []
  cuts = 0

  private constructor(target: number, random: Random, cutRatio: number) {
    this.#target = target
    this.#random = random
    this.#cutRatio = cutRatio
    this.#server = createServer((socket) => this.#onConnection(socket))
  }

  /**
   * @param targetPort on 127.0.0.1.
   * @param cutRatio how many of the connections are cut.
   */
  static async start(targetPort: number, random: Random, cutRatio: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort, random, cutRatio)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** One that breaks nothing, to listen in. */
  static startFaultless(targetPort: number): Promise<FaultProxy> {
    return FaultProxy.start(targetPort, new Random(1), 0)
  }

  get address(): string {
    const bound = this.#server.address()
    return `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  }

  /** Sockets of both sides. */
  get open(): number {
    return this.#sockets.size
  }

  /** Every connection's commands after IDENTIFY, one list each, with NOPs left out. */
  get commands(): string[][] {
    return this.taps.map((tap) =>
      tap.commands.filter((line) => line !== 'IDENTIFY' && line !== 'NOP'),
    )
  }

  /** Breaks every connection there is. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #onConnection(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    const willBeCut = this.#random.chance(this.#cutRatio)
    const life = willBeCut ? Math.floor(this.#random.next() ** 2 * LONGEST_LIFE_BYTES) : Infinity
    const budget = { bytes: life }
    const tap = new CommandTap()
    this.taps.push(tap)
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
    this.#pass(client, server, budget, end, tap)
    this.#pass(server, client, budget, end)
  }

  /** Everything in order, in pieces, some of them late; at the budget's end both sides are cut. */
  #pass(
    from: Socket,
    to: Socket,
    budget: { bytes: number },
    end: () => void,
    tap?: CommandTap,
  ): void {
    let last: Promise<void> = Promise.resolve()
    const send = async (before: Promise<void>, piece: Buffer, delayMs: number): Promise<void> => {
      await before
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
      if (to.destroyed) return
      const allowed = piece.subarray(0, Math.min(piece.length, budget.bytes))
      budget.bytes -= allowed.length
      if (allowed.length > 0) {
        to.write(allowed)
        tap?.push(allowed)
      }
      if (allowed.length < piece.length) {
        this.cuts++
        setImmediate(end)
      }
    }
    from.on('data', (chunk: Buffer) => {
      const split = 1 + Math.floor(this.#random.next() * chunk.length)
      for (const piece of [chunk.subarray(0, split), chunk.subarray(split)]) {
        if (piece.length === 0) continue
        const isLate = this.#random.chance(DELAYED_RATIO)
        last = send(last, piece, isLate ? this.#random.next() * LONGEST_DELAY_MS : 0)
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
