// Hot: one file being written, from message bodies to synced bytes.

import { writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

import { compress, compressNow, type Compression } from './compression.ts'

const LF = 0x0a
const FIRST_BLOCK_BYTES = 65_536
/** Up to here a block is compressed and written in place: the hand-over to other threads costs more than the work. */
const SMALL_BLOCK_BYTES = 65_536
/** A block is written once it has this many bytes, synced or not. */
const FULL_BLOCK_BYTES = 1_048_576

export interface ArchiveFileSettings {
  readonly path: string
  /** What is in it already, before compression where there is any. */
  readonly bytes: number
  readonly compression: Compression
  readonly gzipLevel: number
  readonly openedAtMs: number
}

/**
 * Bodies, a line each. They gather in a block; a block is compressed into a piece of its own and written at once, so that
 * between two writes the file is whole. One call at a time: each must have settled before the next.
 */
export class ArchiveFile {
  readonly path: string
  readonly openedAtMs: number
  /** Before compression, with what was there when it was opened and what is not written yet. */
  bytes: number
  readonly #handle: FileHandle
  readonly #compression: Compression
  readonly #gzipLevel: number
  #block = Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES)
  #used = 0
  /** Whether it has a piece: a compressed file without one is not whole. */
  #hasPiece: boolean
  #isSynced = false

  /** @param handle opened for appending; the file's from now on. */
  constructor(handle: FileHandle, settings: ArchiveFileSettings) {
    this.path = settings.path
    this.bytes = settings.bytes
    this.openedAtMs = settings.openedAtMs
    this.#handle = handle
    this.#compression = settings.compression
    this.#gzipLevel = settings.gzipLevel
    this.#hasPiece = settings.compression === 'none'
  }

  /** Whether {@link write} should be called before the next body. */
  get isFull(): boolean {
    return this.#used >= FULL_BLOCK_BYTES
  }

  /** @param body copied. */
  append(body: Uint8Array): void {
    const end = this.#used + body.length + 1
    if (end > this.#block.length) this.#grow(end)
    this.#block.set(body, this.#used)
    this.#block[end - 1] = LF
    this.#used = end
    this.bytes += body.length + 1
  }

  /** Hands what has gathered to the operating system. */
  async write(): Promise<void> {
    if (this.#used === 0 && this.#hasPiece) return
    this.#isSynced = false
    const gathered = this.#block.subarray(0, this.#used)
    if (gathered.length <= SMALL_BLOCK_BYTES) {
      writeAllNow(this.#handle, compressNow(gathered, this.#compression, this.#gzipLevel))
    } else {
      await writeAll(this.#handle, await compress(gathered, this.#compression, this.#gzipLevel))
    }
    this.#hasPiece = true
    this.#used = 0
    // A block that a large message has blown up goes.
    if (this.#block.length > 2 * FULL_BLOCK_BYTES) {
      this.#block = Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES)
    }
  }

  /** Everything appended so far outlives the machine when this resolves. */
  async sync(): Promise<void> {
    await this.write()
    if (this.#isSynced) return
    await this.#handle.datasync()
    this.#isSynced = true
  }

  async close(): Promise<void> {
    await this.sync()
    await this.#handle.close()
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#block.length * 2))
    larger.set(this.#block.subarray(0, this.#used))
    this.#block = larger
  }
}

function writeAllNow({ fd }: FileHandle, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at)
}

/** One system call where the operating system takes it whole: another process may append to the same file. */
async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}
