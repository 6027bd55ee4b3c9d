// Hot: everything a connection reads and writes passes here, as it is while nothing else was negotiated.

import type { Socket } from 'node:net'

import type { HandshakeOutcome, TlsAcceptor } from '@tsq/daemon'
import { type TlsFigures, tlsFigures } from '../tls/names.ts'
import { DeflateLayer } from './layers/deflate-layer.ts'
import type { Above, Below, Layer } from './layers/layer.ts'
import { SnappyLayer } from './layers/snappy-layer.ts'
import { startReading } from './read-buffer.ts'

export interface TransportEvents extends Above {
  onError(error: Error): void
  onClosed(): void
}

export type Compression =
  { readonly name: 'snappy' } | { readonly name: 'deflate'; readonly level: number }

/** What lies between a session and its peer: the socket, and what IDENTIFY put on it. */
export class Transport {
  /** Empty for a Unix socket. */
  readonly remoteHost: string
  readonly remotePort: number | undefined
  /** Where TLS is spoken. */
  tls: TlsFigures | undefined
  /** The accepted connection, or the TLS socket on it. */
  #socket: Socket
  #layer: Layer | undefined
  readonly #events: TransportEvents
  /** The session takes no more for now. */
  #isHeld = false
  /** The layer does not. */
  #isFull = false

  /** @param accepted a connection that has not been read yet. */
  constructor(accepted: Socket, events: TransportEvents) {
    this.#events = events
    this.#socket = startReading(accepted, (bytes) => this.#receive(bytes))
    this.remoteHost = this.#socket.remoteAddress ?? ''
    this.remotePort = this.#socket.remotePort
    this.#listen(this.#socket)
  }

  #listen(socket: Socket): void {
    socket.on('end', () => {
      if (this.#layer === undefined) this.#events.onEnd()
      else this.#layer.receiveEnd()
    })
    socket.on('error', (error) => this.#events.onError(error))
    socket.on('close', () => {
      this.#events.onClosed()
      // Gives back what it borrowed, to a session that by now sends nothing more.
      this.#layer?.close()
    })
  }

  #receive(bytes: Buffer): void {
    if (this.#layer === undefined) this.#events.onBytes(bytes)
    else this.#layer.receive(bytes)
  }

  /** What lies on the socket. */
  get compression(): 'deflate' | 'snappy' | undefined {
    return this.#layer?.name
  }

  /** More than 0 while the operating system has not taken all that was written. */
  get pendingBytes(): number {
    const { writableLength } = this.#socket
    return this.#layer === undefined ? writableLength : writableLength + this.#layer.pendingBytes
  }

  /** How many bytes the operating system has not taken of what lies ready for it. */
  get unreadBytes(): number {
    return this.#socket.writableLength
  }

  /**
   * Sends the pieces in order, at once.
   *
   * @param pieces at least one; borrowed until `written`, which is called for each write, in their order.
   */
  write(pieces: readonly Uint8Array[], written: () => void): void {
    if (this.#layer === undefined) writeGathered(this.#socket, pieces, written)
    else this.#layer.write(pieces, written)
  }

  get isPaused(): boolean {
    return this.#isHeld
  }

  pause(): void {
    this.#isHeld = true
    this.#layer?.hold(true)
    this.#socket.pause()
  }

  resume(): void {
    this.#isHeld = false
    this.#layer?.hold(false)
    if (!this.#isFull) this.#socket.resume()
  }

  /** Sends no more than was written; what comes in is still read. */
  end(): void {
    if (this.#layer === undefined) this.#socket.end()
    else this.#layer.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /**
   * Waits for the peer to begin with TLS. What it sends from now on is no longer handed on until `done`; all that was
   * written must have left.
   */
  startTls(acceptor: TlsAcceptor, done: (outcome: HandshakeOutcome) => void): void {
    acceptor.accept(this.#socket, (outcome) => {
      const { socket } = outcome
      if (socket !== undefined) {
        this.#socket = socket
        this.tls = tlsFigures(socket)
        this.#listen(socket)
        socket.on('data', (bytes: Buffer) => this.#receive(bytes))
        // A TLS socket stays open behind bytes that are not its.
        socket.on('error', () => socket.destroy())
      }
      done(outcome)
    })
  }

  /** From now on both directions are compressed. */
  compress(compression: Compression): void {
    const below: Below = {
      write: (pieces, written) => writeGathered(this.#socket, pieces, written),
      end: () => this.#socket.end(),
      setFull: (isFull) => {
        this.#isFull = isFull
        if (isFull) this.#socket.pause()
        else if (!this.#isHeld) this.#socket.resume()
      },
    }
    this.#layer =
      compression.name === 'snappy'
        ? new SnappyLayer(below, this.#events)
        : new DeflateLayer(below, this.#events, compression.level)
  }
}

function writeGathered(socket: Socket, pieces: readonly Uint8Array[], written: () => void): void {
  const last = pieces.length - 1
  if (last === 0) {
    socket.write(pieces[0]!, written)
    return
  }
  socket.cork()
  for (let i = 0; i < last; i++) socket.write(pieces[i]!)
  socket.write(pieces[last]!, written)
  socket.uncork()
}
