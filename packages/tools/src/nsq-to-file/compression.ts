// Whole compressed pieces, which one after the other make a file every gunzip and unzstd reads as one.

import zlib from 'node:zlib'

export type Compression = 'none' | 'gzip' | 'zstd'

/** What a file name ends in. */
export const EXTENSIONS: Readonly<Record<Compression, string>> = {
  none: '',
  gzip: '.gz',
  zstd: '.zst',
}

type Callback = (error: Error | null, result: Buffer) => void
interface Zstd {
  zstdCompressSync(buffer: Buffer): Buffer
  zstdCompress(buffer: Buffer, callback: Callback): void
}

/** Why there is no zstd; undefined where there is. */
export const zstdProblem = hasZstd(zlib)
  ? undefined
  : `--zstd needs Node.js 22.15 or later, this is ${process.version}; use --gzip`

/** Compresses a small piece here and now: handing it to another thread would take longer. */
export function compressNow(piece: Buffer, compression: Compression, gzipLevel: number): Buffer {
  if (compression === 'none') return piece
  if (compression === 'gzip') return zlib.gzipSync(piece, { level: gzipLevel })
  if (hasZstd(zlib)) return zlib.zstdCompressSync(piece)
  throw new Error(zstdProblem)
}

/**
 * Compresses a piece, off the main thread.
 *
 * @param piece borrowed until the promise settles.
 * @param gzipLevel 1–9, for gzip alone.
 */
export function compress(
  piece: Buffer,
  compression: Compression,
  gzipLevel: number,
): Promise<Buffer> {
  if (compression === 'none') return Promise.resolve(piece)
  return new Promise((resolve, reject) => {
    const done: Callback = (error, result) => {
      if (error === null) resolve(result)
      else reject(error)
    }
    if (compression === 'gzip') zlib.gzip(piece, { level: gzipLevel }, done)
    else if (hasZstd(zlib)) zlib.zstdCompress(piece, done)
    else reject(new Error(zstdProblem))
  })
}

// The types are those of the oldest Node we run on.
function hasZstd(library: object): library is Zstd {
  return 'zstdCompress' in library && typeof library.zstdCompress === 'function'
}
