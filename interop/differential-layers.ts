// The client's side of compression: what is sent goes in, what came comes out.
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
} from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { compressSync, uncompressSync } from 'snappy'

/** Between the commands and the bytes of a connection. */
export interface Layer {
  compress(bytes: Buffer): void
  restore(bytes: Buffer): void
  close(): void
}

export interface LayerEvents {
  /** What became of bytes to send. */
  onCompressed(bytes: Buffer): void
  onRestored(bytes: Buffer): void
  /** What came is no such stream. */
  onBroken(): void
}

export class DeflateLayer implements Layer {
  readonly #deflate: DeflateRaw
  readonly #inflate: InflateRaw

  constructor(level: number, events: LayerEvents) {
    const flush = constants.Z_SYNC_FLUSH
    this.#deflate = createDeflateRaw({ level, flush })
    this.#inflate = createInflateRaw({ flush })
    this.#deflate.on('data', (bytes: Buffer) => events.onCompressed(bytes))
    this.#deflate.on('error', () => undefined)
    this.#inflate.on('data', (bytes: Buffer) => events.onRestored(bytes))
    this.#inflate.on('error', () => events.onBroken())
  }

  compress(bytes: Buffer): void {
    this.#deflate.write(bytes)
  }

  restore(bytes: Buffer): void {
    this.#inflate.write(bytes)
  }

  close(): void {
    this.#deflate.destroy()
    this.#inflate.destroy()
  }
}

const HEADER_BYTES = 4
const CRC_BYTES = 4
const COMPRESSED = 0
const PLAIN = 1
const FIRST_SKIPPABLE = 0x80
const STREAM_START = Buffer.from('\xff\x06\0\0sNaPpY', 'latin1')

export class SnappyLayer implements Layer {
  readonly #events: LayerEvents
  #isStarted = false
  #held = Buffer.alloc(0)

  constructor(events: LayerEvents) {
    this.#events = events
  }

  compress(bytes: Buffer): void {
    const start = this.#isStarted ? [] : [STREAM_START]
    this.#isStarted = true
    const block = compressSync(bytes)
    const header = Buffer.alloc(HEADER_BYTES + CRC_BYTES)
    header.writeUIntLE((CRC_BYTES + block.length) * 256 + COMPRESSED, 0, HEADER_BYTES)
    header.writeUInt32LE(checksum(bytes), HEADER_BYTES)
    this.#events.onCompressed(Buffer.concat([...start, header, block]))
  }

  restore(bytes: Buffer): void {
    let left = Buffer.concat([this.#held, bytes])
    while (left.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + left.readUIntLE(1, 3)
      if (left.length < end) break
      this.#restoreChunk(left[0] ?? 0, left.subarray(HEADER_BYTES, end))
      left = left.subarray(end)
    }
    this.#held = left
  }

  #restoreChunk(type: number, data: Buffer): void {
    if (type >= FIRST_SKIPPABLE) return
    const coded = data.subarray(CRC_BYTES)
    const plain = type === PLAIN ? coded : Buffer.from(uncompressSync(coded))
    const isWhole = type <= PLAIN && data.readUInt32LE(0) === checksum(plain)
    if (isWhole) this.#events.onRestored(plain)
    else this.#events.onBroken()
  }

  close(): void {
    this.#held = Buffer.alloc(0)
  }
}

/** CRC-32C, rotated and offset as the framing format wants it. */
function checksum(bytes: Buffer): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0
}
