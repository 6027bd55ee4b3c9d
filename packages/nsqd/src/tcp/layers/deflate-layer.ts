import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
} from 'node:zlib'

import { type Above, type Below, joinSmall, type Layer } from './layer.ts'

/** Pieces up to this are compressed together. */
const JOIN_BYTES = 64 * 1024
/** What one step of compressing or restoring may give. */
const STEP_BYTES = 32 * 1024
/** Compressed bytes that wait to be restored; the socket is not read beyond that. */
const MAX_WAITING_BYTES = 256 * 1024

/**
 * Raw deflate, without zlib's header. It takes long enough to be left to other threads, so bytes wait here: going out, what
 * a turn sent, as the session brings no more while it is pushed back; coming in, up to a limit. What is restored is handed
 * on step by step, however much comes of few bytes.
 */
export class DeflateLayer implements Layer {
  readonly name = 'deflate'
  readonly #below: Below
  readonly #above: Above
  readonly #deflate: DeflateRaw
  readonly #inflate: InflateRaw
  /** For each `write` that is not over, oldest first. */
  #unwritten: (() => void)[] = []
  /** How many of these have been compressed to the last byte. */
  #compressed = 0
  /** Compressed pieces that the operating system has not taken. */
  #leaving = 0
  #isFull = false
  #isEnding = false
  #isClosed = false
  readonly #left = (): void => {
    this.#leaving -= 1
    this.#settle()
  }

  constructor(below: Below, above: Above, level: number) {
    this.#below = below
    this.#above = above
    const { Z_NO_FLUSH, Z_SYNC_FLUSH } = constants
    this.#deflate = createDeflateRaw({ level, flush: Z_NO_FLUSH, chunkSize: STEP_BYTES })
    this.#deflate.on('data', (bytes: Buffer) => this.#send(bytes))
    this.#deflate.on('error', (error) => this.#break(error.message))
    this.#inflate = createInflateRaw({
      flush: Z_SYNC_FLUSH,
      finishFlush: Z_SYNC_FLUSH,
      chunkSize: STEP_BYTES,
    })
    this.#inflate.on('data', (bytes: Buffer) => {
      if (!this.#isClosed && !above.onBytes(bytes)) this.#inflate.destroy()
    })
    this.#inflate.on('end', () => {
      if (!this.#isClosed) above.onEnd()
    })
    this.#inflate.on('error', (error) => this.#break(error.message))
  }

  get pendingBytes(): number {
    return this.#unwritten.length
  }

  write(pieces: readonly Uint8Array[], written: () => void): void {
    if (this.#isClosed) {
      written()
      return
    }
    this.#unwritten.push(written)
    for (const piece of joinSmall(pieces, JOIN_BYTES)) this.#deflate.write(piece)
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
      this.#compressed += 1
      this.#settle()
    })
  }

  #send(bytes: Buffer): void {
    if (this.#isClosed) return
    this.#leaving += 1
    this.#below.write([bytes], this.#left)
  }

  #settle(): void {
    if (this.#isClosed || this.#leaving > 0) return
    while (this.#compressed > 0) {
      this.#compressed -= 1
      this.#unwritten.shift()!()
    }
    const isIdle = this.#unwritten.length === 0 && this.#deflate.readableLength === 0
    if (this.#isEnding && isIdle) this.#below.end()
  }

  receive(bytes: Buffer): void {
    const inflate = this.#inflate
    if (this.#isClosed || inflate.destroyed || inflate.writableEnded) return
    inflate.write(Buffer.from(bytes), () => this.#setFull(false))
    if (inflate.writableLength > MAX_WAITING_BYTES) this.#setFull(true)
  }

  #setFull(isFull: boolean): void {
    if (this.#isClosed || this.#isFull === isFull) return
    if (!isFull && this.#inflate.writableLength > MAX_WAITING_BYTES / 2) return
    this.#isFull = isFull
    this.#below.setFull(isFull)
  }

  /** What has come is still restored and handed on before the session learns of the end. */
  receiveEnd(): void {
    if (!this.#inflate.destroyed) this.#inflate.end()
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#inflate.pause()
    else this.#inflate.resume()
  }

  end(): void {
    this.#isEnding = true
    this.#settle()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#deflate.destroy()
    this.#inflate.destroy()
    const unwritten = this.#unwritten
    this.#unwritten = []
    for (const written of unwritten) written()
  }

  #break(why: string): void {
    if (!this.#isClosed) this.#above.onBroken(`deflate: ${why}`)
  }
}
