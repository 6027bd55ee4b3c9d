import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

/** The open connections of a server, so that closing it waits for none without a request. */
export class Connections {
  readonly #server: Server | TlsServer
  readonly #open = new Set<Socket>()
  /** Those that never sent a request; Node counts only used ones as idle. */
  readonly #unused = new Set<Socket>()

  constructor(server: Server | TlsServer) {
    this.#server = server
    server.on('connection', (socket: Socket) => track(this.#open, socket))
    // With TLS, requests come on a socket above the one that was accepted.
    const usable = server instanceof TlsServer ? 'secureConnection' : 'connection'
    server.on(usable, (socket: Socket) => track(this.#unused, socket))
  }

  /** Called for each request. */
  used(socket: Socket): void {
    this.#unused.delete(socket)
  }

  /** Stops listening, drops what is idle, and what isn't after the time limit. */
  async close(timeoutMs: number): Promise<void> {
    const deadline = setTimeout(() => {
      for (const socket of this.#open) socket.destroy()
    }, timeoutMs)
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
      for (const socket of this.#unused) socket.destroy()
    })
    clearTimeout(deadline)
  }
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}
