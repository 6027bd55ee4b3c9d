import fs from 'node:fs'

import { crc32c } from '@node-rs/crc32'
import { readUint32 } from '@tsq/protocol'

import type { DiskQueue, QueueFile } from './queue-files.ts'
import {
  RECORD_ATTEMPTS_OFFSET,
  RECORD_HEADER_BYTES,
  RECORD_ID_OFFSET,
  RecordScanner,
  LENGTH_BYTES,
  type UnreadRange,
} from './record-scanner.ts'

const TWO_32 = 2 ** 32
const SMALLEST = 1024
const HEX = /^[0-9a-f]{16}$/

/** Records of all queues of a topic by where they stand: columns of numbers, some 40 bytes a record. */
export class Backlog {
  count = 0
  readonly unread: UnreadRange[] = []
  readonly files: QueueFile[] = []
  /** Ns; to the nearest 256, which is good enough to sort by. */
  timestamps = new Float64Array(SMALLEST)
  idHigh = new Uint32Array(SMALLEST)
  idLow = new Uint32Array(SMALLEST)
  /** Number of the queue: 0 for the topic's own. */
  queues = new Uint16Array(SMALLEST)
  attempts = new Uint16Array(SMALLEST)
  fileNumbers = new Uint32Array(SMALLEST)
  offsets = new Float64Array(SMALLEST)
  lengths = new Uint32Array(SMALLEST)

  isSameMessage(a: number, b: number): boolean {
    return (
      this.idLow[a] === this.idLow[b] &&
      this.idHigh[a] === this.idHigh[b] &&
      this.timestamps[a] === this.timestamps[b]
    )
  }

  /** Adds what is unread of a queue's files; yields the bytes of each file. */
  *addQueue(queue: DiskQueue, number: number): Generator<number> {
    for (const file of queue.files) {
      this.#addFile(file, number)
      yield file.bytes - file.fromByte
    }
  }

  #addFile(queueFile: QueueFile, queue: number): void {
    const fileNumber = this.files.push(queueFile) - 1
    const { file, fromByte, bytes } = queueFile
    const descriptor = fs.openSync(file, 'r')
    try {
      const scanner = new RecordScanner(file, descriptor, fromByte, bytes)
      while (scanner.next()) {
        const header = scanner.header()
        const at = this.#addRow()
        this.timestamps[at] =
          readUint32(header, LENGTH_BYTES) * TWO_32 + readUint32(header, LENGTH_BYTES + 4)
        const id = header.toString('latin1', RECORD_ID_OFFSET, RECORD_HEADER_BYTES)
        const isHex = HEX.test(id)
        this.idHigh[at] = isHex ? Number.parseInt(id.slice(0, 8), 16) : TWO_32 - 1
        this.idLow[at] = isHex ? Number.parseInt(id.slice(8), 16) : crc32c(id)
        this.queues[at] = queue
        this.attempts[at] = header.readUInt16BE(RECORD_ATTEMPTS_OFFSET)
        this.fileNumbers[at] = fileNumber
        this.offsets[at] = scanner.offset
        this.lengths[at] = scanner.length
      }
      this.unread.push(...scanner.unread)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  #addRow(): number {
    if (this.count === this.timestamps.length) this.#grow()
    this.count += 1
    return this.count - 1
  }

  #grow(): void {
    const size = this.count * 2
    const f64 = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(size)
      grown.set(old)
      return grown
    }
    const u32 = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(size)
      grown.set(old)
      return grown
    }
    const u16 = (old: Uint16Array): Uint16Array<ArrayBuffer> => {
      const grown = new Uint16Array(size)
      grown.set(old)
      return grown
    }
    this.timestamps = f64(this.timestamps)
    this.idHigh = u32(this.idHigh)
    this.idLow = u32(this.idLow)
    this.queues = u16(this.queues)
    this.attempts = u16(this.attempts)
    this.fileNumbers = u32(this.fileNumbers)
    this.offsets = f64(this.offsets)
    this.lengths = u32(this.lengths)
  }

  /** Rows in the order of publishing; those of one message stand together. */
  inOrder(): Uint32Array<ArrayBuffer> {
    const { timestamps, idHigh, idLow, queues } = this
    const order = new Uint32Array(this.count)
    for (let i = 0; i < order.length; i++) order[i] = i
    // oxlint-disable-next-line unicorn/no-array-sort -- in place: a copy of so many is dear.
    return order.sort(
      (a, b) =>
        timestamps[a]! - timestamps[b]! ||
        idHigh[a]! - idHigh[b]! ||
        idLow[a]! - idLow[b]! ||
        queues[a]! - queues[b]!,
    )
  }
}
