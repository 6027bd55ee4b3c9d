// Deflate and snappy as layers between a connection and its socket. Every write is flushed.

import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { SnappyDecoder, SnappyEncoder, type SnappyCodec } from '@tsq/protocol'
import { asError } from '../errors.ts'
import type { Transport, TransportSink } from './transport.ts'

/** A layer: bytes to send come by `write`, bytes received by `receive`. */
export interface Layer extends Transport {
  /** @param chunk from the layer below; kept until it is decoded. */
  receive(chunk: Buffer): void
  close(): void
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

export function snappyLayer(below: Transport, sink: TransportSink, codec: SnappyCodec): Layer {
  const encoder = new SnappyEncoder(codec)
  const decoder = new SnappyDecoder(codec)
  let isFailed = false
  return {
    write(parts) {
      below.write(encoder.encode(joined(parts)))
      return false
    },
    pendingBytes: () => below.pendingBytes(),
    writesDone: () => below.writesDone(),
    receive(chunk) {
      if (isFailed) return
      // All of a chunk is checked before any of it is handed on, and messages keep what they are given.
      const plain: Buffer[] = []
      try {
        decoder.decode(chunk, (bytes) => {
          plain.push(Buffer.from(bytes))
          return true
        })
      } catch (cause) {
        isFailed = true
        sink.onFailure(asError(cause))
        return
      }
      for (const bytes of plain) sink.onBytes(bytes)
    },
    close: () => {},
  }
}

/** Raw deflate, without zlib's header, sync-flushed after each write. */
export function deflateLayer(below: Transport, sink: TransportSink, level: number): Layer {
  const deflate = createDeflateRaw({ level, flush: constants.Z_SYNC_FLUSH })
  const inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH, chunkSize: 65_536 })
  let isFailed = false
  const fail = (cause: Error): void => {
    if (isFailed) return
    isFailed = true
    sink.onFailure(cause)
  }
  deflate.on('data', (bytes: Buffer) => below.write([bytes])).on('error', fail)
  inflate.on('data', (bytes: Buffer) => sink.onBytes(bytes)).on('error', fail)
  return {
    write(parts) {
      if (!deflate.destroyed) deflate.write(joined(parts))
      return false
    },
    pendingBytes: () => deflate.writableLength + below.pendingBytes(),
    writesDone: () => below.writesDone(),
    receive(chunk) {
      if (!inflate.destroyed) inflate.write(chunk)
    },
    close() {
      deflate.destroy()
      inflate.destroy()
    },
  }
}
