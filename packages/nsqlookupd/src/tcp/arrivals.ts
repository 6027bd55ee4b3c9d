import type { Socket } from 'node:net'

import { hostPort, type Logger, type TlsAcceptor } from '@tsq/daemon'

import { beginsTls } from './first-byte.ts'

export interface ArrivalsOptions {
  readonly tls: TlsAcceptor
  /** Whether peers without TLS are refused. */
  readonly isTlsRequired: boolean
  /** How long the first byte may take. */
  readonly timeoutMs: number
  readonly logger: Logger
}

/**
 * Connections on a listener that takes both, from the moment they are accepted until it is known whether they speak TLS
 * and, if so, the handshake is over. The first byte tells: a handshake begins with a 22, the magic with a space.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions
  readonly #sockets = new Set<Socket>()
  readonly #onArrived: (socket: Socket, problem: string | undefined) => void

  /** @param onArrived gets the connection to speak on, and why it may not, where it may not. */
  constructor(
    options: ArrivalsOptions,
    onArrived: (socket: Socket, problem: string | undefined) => void,
  ) {
    this.#options = options
    this.#onArrived = onArrived
  }

  get size(): number {
    return this.#sockets.size
  }

  add(socket: Socket): void {
    this.#sockets.add(socket)
    const timer = setTimeout(() => socket.destroy(), this.#options.timeoutMs)
    timer.unref()
    socket.on('error', () => socket.destroy())
    socket.once('end', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
    socket.once('data', (bytes: Buffer) => {
      clearTimeout(timer)
      socket.pause()
      socket.unshift(bytes)
      if (beginsTls(bytes)) this.#secure(socket)
      else this.#goOnPlain(socket)
    })
  }

  #goOnPlain(socket: Socket): void {
    const { isTlsRequired } = this.#options
    this.#arrived(socket, isTlsRequired ? 'TLS is required here' : undefined)
    socket.resume()
  }

  #secure(socket: Socket): void {
    this.#options.tls.accept(socket, ({ socket: secure, problem }) => {
      if (secure !== undefined) {
        this.#arrived(secure, problem, socket)
        return
      }
      const peer = hostPort(socket.remoteAddress ?? '@', socket.remotePort ?? 0)
      this.#options.logger.error(`client(${peer}) ${problem}`)
      socket.destroy()
    })
  }

  #arrived(socket: Socket, problem: string | undefined, below = socket): void {
    this.#sockets.delete(below)
    below.removeAllListeners('end')
    this.#onArrived(socket, problem)
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
