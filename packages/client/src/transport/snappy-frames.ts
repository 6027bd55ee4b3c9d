// Snappy's framing format. Pure: bytes in, bytes out.
//
// stream => chunk*, the first of them the identifier
// chunk => type(1 byte)  length(3 bytes, little endian)  data
// data of types 0 (compressed) and 1 (plain) => masked CRC-32C of the plain bytes(4, little endian)  bytes

import { maskedCrc32c } from './crc32c.ts'
import { plainBytes, type BlockCodec } from './snappy-block.ts'

const COMPRESSED = 0x00
const PLAIN = 0x01
const IDENTIFIER = 0xff
const FIRST_SKIPPABLE = 0x80
const HEADER_BYTES = 4
const CRC_BYTES = 4
const MAX_PLAIN_BYTES = 65_536
/** The most a block of 65,536 bytes can grow to, and the checksum. */
const MAX_CHUNK_BYTES = CRC_BYTES + 32 + MAX_PLAIN_BYTES + Math.floor(MAX_PLAIN_BYTES / 6)
const MAGIC = Buffer.from('sNaPpY')
const STREAM_START = Buffer.concat([Buffer.from([IDENTIFIER, 6, 0, 0]), MAGIC])
/** Smaller plain bytes than this are not worth a compressor's call. */
const MIN_COMPRESS_BYTES = 64

/** A peer's snappy stream cannot be read on. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError'
  readonly code = 'ERR_SNAPPY_STREAM'
}

/** One direction of a stream: what is encoded is whole chunks, so every call flushes. */
export class SnappyEncoder {
  readonly #codec: BlockCodec
  #started = false

  constructor(codec: BlockCodec) {
    this.#codec = codec
  }

  /** @param plain borrowed for the call. The result is the caller's. */
  encode(plain: Buffer): Buffer[] {
    const chunks: Buffer[] = []
    if (!this.#started) chunks.push(STREAM_START)
    this.#started = true
    for (let at = 0; at < plain.length; at += MAX_PLAIN_BYTES) {
      this.#chunk(plain.subarray(at, at + MAX_PLAIN_BYTES), chunks)
    }
    return chunks
  }

  #chunk(plain: Buffer, chunks: Buffer[]): void {
    const packed = plain.length < MIN_COMPRESS_BYTES ? plain : this.#codec.compressSync(plain)
    // A block that hardly shrinks is sent as it is: the peer then only checks it.
    const isPlain = packed.length >= plain.length - (plain.length >>> 3)
    const data = isPlain ? plain : packed
    const chunk = Buffer.allocUnsafe(HEADER_BYTES + CRC_BYTES + data.length)
    chunk[0] = isPlain ? PLAIN : COMPRESSED
    chunk.writeUIntLE(CRC_BYTES + data.length, 1, 3)
    chunk.writeUInt32LE(maskedCrc32c(plain), HEADER_BYTES)
    chunk.set(data, HEADER_BYTES + CRC_BYTES)
    chunks.push(chunk)
  }
}

/** The other direction, fed with whatever the socket brings. */
export class SnappyDecoder {
  readonly #codec: BlockCodec
  #held: Buffer = Buffer.alloc(0)
  #started = false

  constructor(codec: BlockCodec) {
    this.#codec = codec
  }

  /**
   * @param bytes kept until the chunk they belong to is whole.
   * @returns the plain bytes of every chunk that is whole now.
   * @throws {SnappyError} when the stream is no snappy stream or a checksum does not fit.
   */
  decode(bytes: Buffer): Buffer[] {
    const source = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const plain: Buffer[] = []
    let at = 0
    while (source.length - at >= HEADER_BYTES) {
      const type = source[at]!
      const length = source.readUIntLE(at + 1, 3)
      if (type < FIRST_SKIPPABLE && length > MAX_CHUNK_BYTES) {
        throw new SnappyError(`snappy chunk of ${length} bytes > ${MAX_CHUNK_BYTES}`)
      }
      if (source.length - at - HEADER_BYTES < length) break
      const start = at + HEADER_BYTES
      at = start + length
      const found = this.#chunk(type, source.subarray(start, at))
      if (found !== undefined) plain.push(found)
    }
    this.#held = source.subarray(at)
    return plain
  }

  #chunk(type: number, data: Buffer): Buffer | undefined {
    if (type === IDENTIFIER) {
      if (!data.equals(MAGIC)) throw new SnappyError('snappy stream identifier is wrong')
      this.#started = true
      return undefined
    }
    if (!this.#started) throw new SnappyError('snappy stream has no identifier')
    if (type >= FIRST_SKIPPABLE) return undefined
    if (type > PLAIN) throw new SnappyError(`snappy chunk type ${type} is unknown`)
    if (data.length < CRC_BYTES) throw new SnappyError('snappy chunk has no checksum')
    const plain =
      type === PLAIN ? data.subarray(CRC_BYTES) : this.#restore(data.subarray(CRC_BYTES))
    if (plain.length > MAX_PLAIN_BYTES) {
      throw new SnappyError(`snappy chunk holds ${plain.length} bytes > ${MAX_PLAIN_BYTES}`)
    }
    if (maskedCrc32c(plain) !== data.readUInt32LE(0)) {
      throw new SnappyError('snappy checksum does not fit')
    }
    return plain
  }

  #restore(block: Buffer): Buffer {
    try {
      const claimed = plainBytes(block)
      if (claimed > MAX_PLAIN_BYTES) throw new RangeError(`${claimed} bytes > ${MAX_PLAIN_BYTES}`)
      const plain = this.#codec.uncompressSync(block)
      return typeof plain === 'string' ? Buffer.from(plain) : asBuffer(plain)
    } catch (cause) {
      throw new SnappyError('snappy block cannot be restored', { cause })
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
