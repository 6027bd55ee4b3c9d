// What the framing in @tsq/protocol leaves to others, made of the snappy package where it is installed and of plain code
// where it is not.

import type { SnappyCodec } from '@tsq/protocol'
import { isObject } from '../json.ts'
import { crc32c } from './crc32c.ts'
import { compressBlock, uncompressBlock } from './snappy-block.ts'

/** The part of the snappy package that is used. */
interface NativeSnappy {
  compressSync(plain: Buffer): Buffer
  uncompressSync(block: Buffer): Uint8Array | string
}

export const plainCodec: SnappyCodec = {
  compress: (plain) => compressBlock(asBuffer(plain)),
  uncompress: (block) => uncompressBlock(asBuffer(block)),
  crc32c,
}

export async function loadCodec(): Promise<SnappyCodec> {
  try {
    const name = 'snappy'
    const loaded: unknown = await import(name)
    if (isNative(loaded)) return codecOf(loaded)
    const inner = isObject(loaded) ? loaded['default'] : undefined
    return isNative(inner) ? codecOf(inner) : plainCodec
  } catch {
    return plainCodec
  }
}

function codecOf(native: NativeSnappy): SnappyCodec {
  return {
    compress: (plain) => native.compressSync(asBuffer(plain)),
    uncompress: (block) => {
      const plain = native.uncompressSync(asBuffer(block))
      return typeof plain === 'string' ? Buffer.from(plain) : plain
    },
    crc32c,
  }
}

function isNative(found: unknown): found is NativeSnappy {
  if (typeof found !== 'object' || found === null) return false
  return (
    'compressSync' in found &&
    typeof found.compressSync === 'function' &&
    'uncompressSync' in found &&
    typeof found.uncompressSync === 'function'
  )
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
