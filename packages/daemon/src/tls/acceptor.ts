import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'

import type { TlsSettings } from './settings.ts'

const HANDSHAKE_MS = 5_000

/** How a handshake ended. */
export type HandshakeOutcome =
  /** `problem` says why the client is not let in after all; it can be told so, the connection being secure. */
  | { readonly socket: TLSSocket; readonly problem: string | undefined }
  /** The connection is still plain. It may be written to at once, and is closed then. */
  | { readonly socket: undefined; readonly problem: string }

interface Handshake {
  readonly timer: NodeJS.Timeout
  readonly done: (outcome: HandshakeOutcome) => void
}

/** Does the server's side of TLS handshakes on connections that began without. */
export class TlsAcceptor {
  readonly #settings: TlsSettings
  /** Never listens: connections are handed to it. */
  readonly #server: Server
  readonly #handshakes = new Map<Socket, Handshake>()

  constructor(settings: TlsSettings) {
    this.#settings = settings
    this.#server = createServer(settings.server)
    this.#server.on('secureConnection', (socket) => this.#secured(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket))
  }

  /** @param plain has nothing left to write. Not to be read any more, nor written to until the handshake is over. */
  accept(plain: Socket, done: (outcome: HandshakeOutcome) => void): void {
    const timer = setTimeout(() => {
      const seconds = HANDSHAKE_MS / 1_000
      this.#take(plain)?.done({ socket: undefined, problem: `tls: no handshake in ${seconds} s` })
    }, HANDSHAKE_MS)
    this.#handshakes.set(plain, { timer, done })
    plain.once('close', () => this.#take(plain))
    this.#server.emit('connection', plain)
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#take(below(socket))
    if (handshake === undefined) socket.destroy()
    else handshake.done({ socket, problem: this.#settings.clientProblem(socket) })
  }

  #failed(error: Error & { readonly reason?: string }, socket: TLSSocket): void {
    const problem = `tls: ${error.reason ?? error.message}`
    this.#take(below(socket))?.done({ socket: undefined, problem })
  }

  #take(plain: Socket): Handshake | undefined {
    const handshake = this.#handshakes.get(plain)
    if (handshake === undefined) return undefined
    clearTimeout(handshake.timer)
    this.#handshakes.delete(plain)
    return handshake
  }
}

/** The connection below a TLS socket. Node has no public name for it. */
function below(socket: TLSSocket): Socket {
  return (socket as unknown as { readonly _parent: Socket })._parent
}
