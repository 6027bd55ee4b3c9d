import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns'

import { parseListenAddress } from '@tsq/daemon'

import type { StatsSnapshot } from './snapshot.ts'
import { type CounterValues, packLines, StatsdLines } from './statsd-lines.ts'

/** Packets are spread over the interval less this. */
const SPREAD_MARGIN_MS = 1_000

export interface StatsdOptions {
  /** `host:port` */
  readonly address: string
  /** With its dot. */
  readonly prefix: string
  readonly intervalMs: number
  readonly packetBytes: number
  readonly excludeEphemeral: boolean
}

/** Pushes statistics to a statsd at an interval, each time over a new UDP socket. */
export class Statsd {
  readonly #options: StatsdOptions
  readonly #stats: () => StatsSnapshot
  readonly #onError: (error: Error) => void
  readonly #timer: NodeJS.Timeout
  #counters: CounterValues = new Map()
  #push: Push | undefined

  /** @param stats makes the figures of one push. */
  constructor(options: StatsdOptions, stats: () => StatsSnapshot, onError: (error: Error) => void) {
    this.#options = options
    this.#stats = stats
    this.#onError = onError
    this.#timer = setInterval(() => this.#run(), options.intervalMs).unref()
  }

  #run(): void {
    const { address, prefix, intervalMs, packetBytes, excludeEphemeral } = this.#options
    // What a resolver too slow for the interval held up is not sent any more.
    this.#push?.drop()
    const lines = new StatsdLines(prefix, this.#counters)
    lines.add(this.#stats(), { excludeEphemeral })
    this.#counters = lines.counters
    const packets = packLines(lines.lines, packetBytes)
    const spreadMs = Math.max(0, intervalMs - SPREAD_MARGIN_MS)
    this.#push = new Push(address, packets, spreadMs, this.#onError)
  }

  /** What of the last push is still to be sent goes at once. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#push?.finish()
  }
}

/** The packets of one push, on their way. */
class Push {
  readonly #packets: Buffer[]
  readonly #gapMs: number
  readonly #onError: (error: Error) => void
  readonly #onDone: (() => void)[] = []
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #isHurried = false
  #isDone = false

  constructor(
    address: string,
    packets: Buffer[],
    spreadMs: number,
    onError: (error: Error) => void,
  ) {
    this.#packets = packets
    this.#gapMs = packets.length === 0 ? 0 : spreadMs / packets.length
    this.#onError = onError
    const parsed = parseListenAddress(address)
    if (parsed.kind === 'tcp') this.#open(parsed.host, parsed.port)
  }

  #open(host: string, port: number): void {
    lookup(host, (error, ip, family) => {
      if (this.#isDone) return
      if (error !== null) {
        this.#fail(error)
        return
      }
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
      this.#socket = socket
      // Nobody listening is told by the answer to the packet before.
      socket.on('error', (problem) => this.#fail(problem))
      socket.connect(port, ip, () => this.#next())
      socket.unref()
    })
  }

  #next(): void {
    const packet = this.#packets.shift()
    if (packet === undefined || this.#isDone) {
      this.#end()
      return
    }
    this.#socket!.send(packet, (error) => {
      if (error !== null) this.#fail(error)
      else if (this.#isHurried || this.#packets.length === 0) this.#next()
      else this.#wait()
    })
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#next()
    }, this.#gapMs).unref()
  }

  #fail(error: Error): void {
    if (this.#isDone) return
    this.#onError(error)
    this.#end()
  }

  #end(): void {
    if (this.#isDone) return
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#socket?.close()
    for (const done of this.#onDone) done()
  }

  drop(): void {
    this.#end()
  }

  finish(): Promise<void> {
    if (this.#isDone) return Promise.resolve()
    this.#isHurried = true
    const done = new Promise<void>((resolve) => this.#onDone.push(resolve))
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#next()
    }
    return done
  }
}
