// Snappy's block format, for where the native snappy package is not installed.
//
// block => length(varint of the plain bytes)  element*
// element => tag(2 low bits: 0 literal, 1 copy with 1-byte offset, 2 with 2-byte, 3 with 4-byte) …

const HASH_BITS = 14
const MIN_MATCH = 4
/** Positions seen, by hash; kept between calls and checked against the bytes, so it need not be cleared. */
const positions = new Uint16Array(1 << HASH_BITS)

/** Compresses at most 65,536 bytes, borrowed for the call. */
export function compressBlock(plain: Buffer): Buffer {
  const out = Buffer.allocUnsafe(plain.length + Math.ceil(plain.length / 6) + 32)
  let to = writeVarint(out, plain.length)
  let literal = 0
  let at = 0
  const end = plain.length - MIN_MATCH
  while (at <= end) {
    const word = plain.readUInt32LE(at)
    const slot = Math.imul(word, 0x1e35_a7bd) >>> (32 - HASH_BITS)
    const seen = positions[slot]!
    positions[slot] = at
    if (seen >= at || plain.readUInt32LE(seen) !== word) {
      at += 1 + ((at - literal) >>> 5)
      continue
    }
    to = writeLiteral(out, to, plain, literal, at)
    let length = MIN_MATCH
    while (at + length < plain.length && plain[seen + length] === plain[at + length]) length++
    to = writeCopy(out, to, at - seen, length)
    at += length
    literal = at
  }
  to = writeLiteral(out, to, plain, literal, plain.length)
  return out.subarray(0, to)
}

function writeVarint(out: Buffer, value: number): number {
  let to = 0
  let rest = value
  while (rest >= 0x80) {
    out[to++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  out[to++] = rest
  return to
}

function writeLiteral(out: Buffer, to: number, plain: Buffer, start: number, end: number): number {
  const length = end - start
  if (length === 0) return to
  let at = to
  if (length <= 60) out[at++] = (length - 1) << 2
  else if (length <= 256) {
    out[at++] = 60 << 2
    out[at++] = length - 1
  } else {
    out[at++] = 61 << 2
    at = out.writeUInt16LE(length - 1, at)
  }
  plain.copy(out, at, start, end)
  return at + length
}

function writeCopy(out: Buffer, to: number, offset: number, length: number): number {
  let at = to
  let rest = length
  while (rest > 0) {
    const run = Math.min(rest, 64)
    out[at++] = ((run - 1) << 2) | 2
    at = out.writeUInt16LE(offset, at)
    rest -= run
  }
  return at
}

/**
 * Restores one block.
 *
 * @param maxBytes the most the plain bytes may be; checked before anything is allocated.
 * @throws {RangeError} when the block lies about itself.
 */
export function uncompressBlock(block: Buffer, maxBytes = 65_536): Buffer {
  const { length, at: first } = readVarint(block)
  if (length > maxBytes) throw new RangeError(`snappy block of ${length} bytes > ${maxBytes}`)
  const plain = Buffer.allocUnsafe(length)
  let at = first
  let to = 0
  while (at < block.length) {
    const tag = block[at++]!
    if ((tag & 3) === 0) {
      let run = (tag >>> 2) + 1
      if (run > 60) {
        const bytes = run - 60
        need(at + bytes <= block.length)
        run = block.readUIntLE(at, bytes) + 1
        at += bytes
      }
      need(at + run <= block.length && to + run <= length)
      block.copy(plain, to, at, at + run)
      at += run
      to += run
      continue
    }
    let run = (tag >>> 2) + 1
    let offset: number
    if ((tag & 3) === 1) {
      need(at < block.length)
      run = ((tag >>> 2) & 7) + 4
      offset = ((tag >>> 5) << 8) | block[at++]!
    } else {
      const bytes = (tag & 3) === 2 ? 2 : 4
      need(at + bytes <= block.length)
      offset = block.readUIntLE(at, bytes)
      at += bytes
    }
    need(offset > 0 && offset <= to && to + run <= length)
    for (let i = 0; i < run; i++, to++) plain[to] = plain[to - offset]!
  }
  need(to === length)
  return plain
}

function readVarint(block: Buffer): { length: number; at: number } {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block[at]
    need(byte !== undefined)
    length += (byte! & 0x7f) * 2 ** (7 * at)
    if (byte! < 0x80) return { length, at: at + 1 }
  }
  throw new RangeError('snappy block has no length')
}

function need(holds: boolean): void {
  if (!holds) throw new RangeError('snappy block is damaged')
}
