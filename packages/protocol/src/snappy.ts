// Snappy's framing format. Hot on connections that asked for it. Pure: bytes in, bytes out; compressing and checksums are
// the caller's.
//
// stream => chunk*, the first of them the identifier
// chunk => type(1 byte)  length(3 bytes, little endian)  data
// data of types 0 (compressed) and 1 (plain) => masked CRC-32C of the plain bytes(4, little endian)  block or plain bytes
// Source: the framing format description in snappy's own repository.

const COMPRESSED = 0x00
const PLAIN = 0x01
const IDENTIFIER = 0xff
/** Chunks of this type and above, but for the identifier, are to be passed over. */
const FIRST_SKIPPABLE = 0x80
const HEADER_BYTES = 4
const CRC_BYTES = 4
/** The most plain bytes that one chunk may stand for. */
export const MAX_SNAPPY_PLAIN_BYTES = 65_536
/** The most that so many bytes may come to in a block, and the checksum. */
const MAX_DATA_BYTES =
  CRC_BYTES + 32 + MAX_SNAPPY_PLAIN_BYTES + Math.floor(MAX_SNAPPY_PLAIN_BYTES / 6)
const MAX_VARINT_BYTES = 5
const MAGIC = Buffer.from('sNaPpY')
const STREAM_START = Buffer.from([IDENTIFIER, MAGIC.length, 0, 0, ...MAGIC])
/** Fewer plain bytes than this are not worth a call of the compressor. */
const MIN_COMPRESS_BYTES = 64
const SMALLEST_HELD_BYTES = 1_024

/** What the framing leaves to others: snappy blocks and their checksum. */
export interface SnappyCodec {
  /** @param plain borrowed for the call. */
  compress(plain: Uint8Array): Uint8Array
  /**
   * @param block borrowed for the call.
   * @throws when it is not a snappy block.
   */
  uncompress(block: Uint8Array): Uint8Array
  /** Unmasked. */
  crc32c(bytes: Uint8Array): number
}

/** A peer's snappy stream cannot be read on. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError'
  readonly code = 'E_BAD_SNAPPY'
}

/** The checksum rotated and offset, as a stream stores it. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0
}

/** One direction of a stream. What is encoded is whole chunks, so every call flushes. */
export class SnappyEncoder {
  readonly #codec: SnappyCodec
  #isStarted = false

  constructor(codec: SnappyCodec) {
    this.#codec = codec
  }

  /** @param plain borrowed for the call. The result is the caller's. */
  encode(plain: Uint8Array): Buffer[] {
    const chunks: Buffer[] = []
    if (!this.#isStarted) {
      this.#isStarted = true
      chunks.push(STREAM_START)
    }
    for (let at = 0; at < plain.length; at += MAX_SNAPPY_PLAIN_BYTES) {
      chunks.push(this.#chunk(plain.subarray(at, at + MAX_SNAPPY_PLAIN_BYTES)))
    }
    return chunks
  }

  #chunk(plain: Uint8Array): Buffer {
    const packed = plain.length < MIN_COMPRESS_BYTES ? plain : this.#codec.compress(plain)
    // What hardly shrinks is sent as it is: the peer then only has to check it.
    const isPlain = packed.length >= plain.length - (plain.length >>> 3)
    const data = isPlain ? plain : packed
    const chunk = Buffer.allocUnsafe(HEADER_BYTES + CRC_BYTES + data.length)
    chunk[0] = isPlain ? PLAIN : COMPRESSED
    chunk.writeUIntLE(CRC_BYTES + data.length, 1, 3)
    chunk.writeUInt32LE(mask(this.#codec.crc32c(plain)), HEADER_BYTES)
    chunk.set(data, HEADER_BYTES + CRC_BYTES)
    return chunk
  }
}

/** The other direction, fed with whatever the network brings. Holds one chunk at most. */
export class SnappyDecoder {
  readonly #codec: SnappyCodec
  /** The beginning of a chunk whose rest has not come; grows with what came, not with what was announced. */
  #held: Buffer = Buffer.alloc(0)
  #length = 0
  /** Bytes still to come of a chunk that is passed over. */
  #skipped = 0
  #isStarted = false

  constructor(codec: SnappyCodec) {
    this.#codec = codec
  }

  /**
   * Hands on the plain bytes of every chunk that is whole now.
   *
   * @param bytes borrowed for the call.
   * @param onPlain gets bytes borrowed for its call; returns whether it wants more.
   * @throws {SnappyError} when the stream is no snappy stream, lies about a length, or a checksum does not fit.
   */
  decode(bytes: Buffer, onPlain: (plain: Buffer) => boolean): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#skipped > 0) {
        const passed = Math.min(this.#skipped, bytes.length - at)
        this.#skipped -= passed
        at += passed
        continue
      }
      const needed = this.#length === 0 ? this.#chunkBytes(bytes, at, bytes.length - at) : 0
      if (needed > 0 && bytes.length - at >= needed) {
        const chunk = bytes.subarray(at, at + needed)
        at += needed
        if (!this.#take(chunk, onPlain)) return
        continue
      }
      at += this.#hold(bytes, at)
      const held = this.#chunkBytes(this.#held, 0, this.#length)
      if (held === 0 || this.#length < held) continue
      this.#length = 0
      if (!this.#take(this.#held.subarray(0, held), onPlain)) return
    }
  }

  /**
   * How many bytes to gather before the chunk at `at` can be looked at: all of it, or only its header where it is to be
   * passed over. 0 while the header is not whole. What cannot be right is refused by its header, without waiting for the rest.
   */
  #chunkBytes(source: Buffer, at: number, length: number): number {
    if (length < HEADER_BYTES) return 0
    const type = source[at]!
    const data = source.readUIntLE(at + 1, 3)
    if (type === IDENTIFIER) {
      if (data !== MAGIC.length) throw new SnappyError('snappy stream identifier is wrong')
      return HEADER_BYTES + data
    }
    if (!this.#isStarted) throw new SnappyError('snappy stream has no identifier')
    if (type >= FIRST_SKIPPABLE) return HEADER_BYTES
    if (type > PLAIN) throw new SnappyError(`snappy chunk type ${type} is unknown`)
    if (data < CRC_BYTES) throw new SnappyError('snappy chunk has no checksum')
    if (data > MAX_DATA_BYTES)
      throw new SnappyError(`snappy chunk of ${data} bytes > ${MAX_DATA_BYTES}`)
    return HEADER_BYTES + data
  }

  /** Keeps what the chunk in hand lacks, as far as it is there; returns how many bytes that were. */
  #hold(bytes: Buffer, at: number): number {
    const whole = this.#chunkBytes(this.#held, 0, this.#length)
    const missing = (whole === 0 ? HEADER_BYTES : whole) - this.#length
    const taken = Math.min(missing, bytes.length - at)
    const needed = this.#length + taken
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(SMALLEST_HELD_BYTES, needed * 2))
      this.#held.copy(grown, 0, 0, this.#length)
      this.#held = grown
    }
    bytes.copy(this.#held, this.#length, at, at + taken)
    this.#length = needed
    return taken
  }

  #take(chunk: Buffer, onPlain: (plain: Buffer) => boolean): boolean {
    const type = chunk[0]!
    const data = chunk.subarray(HEADER_BYTES)
    if (type === IDENTIFIER) {
      if (!data.equals(MAGIC)) throw new SnappyError('snappy stream identifier is wrong')
      this.#isStarted = true
      return true
    }
    if (type >= FIRST_SKIPPABLE) {
      this.#skipped = chunk.readUIntLE(1, 3)
      return true
    }
    const body = data.subarray(CRC_BYTES)
    const plain = type === COMPRESSED ? this.#restore(body) : body
    if (plain.length > MAX_SNAPPY_PLAIN_BYTES) {
      throw new SnappyError(`snappy chunk holds ${plain.length} bytes > ${MAX_SNAPPY_PLAIN_BYTES}`)
    }
    if (mask(this.#codec.crc32c(plain)) !== data.readUInt32LE(0)) {
      throw new SnappyError('snappy checksum does not fit')
    }
    return plain.length === 0 || onPlain(plain)
  }

  /** What the block says of its size is looked at before anything is allocated for it. */
  #restore(block: Buffer): Buffer {
    const claimed = plainBytes(block)
    if (claimed > MAX_SNAPPY_PLAIN_BYTES) {
      throw new SnappyError(`snappy block claims ${claimed} bytes > ${MAX_SNAPPY_PLAIN_BYTES}`)
    }
    try {
      const plain = this.#codec.uncompress(block)
      return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength)
    } catch (cause) {
      throw new SnappyError('snappy block cannot be restored', { cause })
    }
  }
}

/** The varint at the head of a block. */
function plainBytes(block: Buffer): number {
  let value = 0
  for (let i = 0; i < MAX_VARINT_BYTES && i < block.length; i++) {
    const byte = block[i]!
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return value
  }
  throw new SnappyError('snappy block has no size')
}
