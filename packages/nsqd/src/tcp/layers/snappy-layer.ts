import { crc32c } from '@node-rs/crc32'
import {
  MAX_SNAPPY_PLAIN_BYTES,
  type SnappyCodec,
  SnappyDecoder,
  SnappyEncoder,
  SnappyError,
} from '@tsq/protocol'
import { compressSync, uncompressSync } from 'snappy'

import { type Above, type Below, joinSmall, type Layer } from './layer.ts'

const codec: SnappyCodec = {
  compress: (plain) => compressSync(plain),
  uncompress: (block) => {
    const plain = uncompressSync(block)
    return typeof plain === 'string' ? Buffer.from(plain) : plain
  },
  crc32c: (bytes) => crc32c(bytes),
}

/** Snappy is quick enough to be done where it is needed: nothing waits here. */
export class SnappyLayer implements Layer {
  readonly name = 'snappy'
  readonly pendingBytes = 0
  readonly #below: Below
  readonly #above: Above
  readonly #encoder = new SnappyEncoder(codec)
  readonly #decoder = new SnappyDecoder(codec)
  readonly #onPlain = (plain: Buffer): boolean => this.#above.onBytes(plain)
  #isBroken = false

  constructor(below: Below, above: Above) {
    this.#below = below
    this.#above = above
  }

  write(pieces: readonly Uint8Array[], written: () => void): void {
    const chunks: Buffer[] = []
    for (const piece of joinSmall(pieces, MAX_SNAPPY_PLAIN_BYTES)) {
      for (const chunk of this.#encoder.encode(piece)) chunks.push(chunk)
    }
    this.#below.write(chunks, written)
  }

  receive(bytes: Buffer): void {
    if (this.#isBroken) return
    try {
      this.#decoder.decode(bytes, this.#onPlain)
    } catch (error) {
      if (!(error instanceof SnappyError)) throw error
      this.#isBroken = true
      this.#above.onBroken(error.message)
    }
  }

  receiveEnd(): void {
    this.#above.onEnd()
  }

  /** What one read brought is handed on whole: it is a bounded number of chunks. */
  hold(): void {}

  end(): void {
    this.#below.end()
  }

  close(): void {}
}
