// record => length(int32)  timestamp(int64, ns)  attempts(uint16)  id(16 bytes, ASCII hex)  body

import fs from 'node:fs'

import { MESSAGE_HEADER_BYTES, MESSAGE_ID_BYTES, readUint32, TIMESTAMP_BYTES } from '@tsq/protocol'

export const LENGTH_BYTES = 4
export const RECORD_ATTEMPTS_OFFSET = LENGTH_BYTES + TIMESTAMP_BYTES
export const RECORD_ID_OFFSET = RECORD_ATTEMPTS_OFFSET + 2
export const RECORD_HEADER_BYTES = LENGTH_BYTES + MESSAGE_HEADER_BYTES
const SMALLEST_LENGTH = MESSAGE_HEADER_BYTES + 1
const WINDOW_BYTES = 1024 * 1024
/** First byte of a time in ns, in 2006 and in 2099. */
const EARLIEST = 0x10
const LATEST = 0x38

/** Bytes of a file that hold no readable message. */
export interface UnreadRange {
  readonly file: string
  readonly fromByte: number
  readonly toByte: number
}

/**
 * Walks the records of a data file. There are no checksums: a record is one whose length fits the file, and behind
 * which another one or the end stands, or which at least has a message's header. After what is none, the next place is
 * looked for where a length and a header stand; nsqd gives up the rest of the file there.
 */
export class RecordScanner {
  /** The record that `next` found. */
  offset = 0
  length = 0
  readonly unread: UnreadRange[] = []
  readonly #file: string
  readonly #descriptor: number
  readonly #bytes: number
  #next: number
  #window = Buffer.allocUnsafe(WINDOW_BYTES)
  #windowStart = 0
  #windowLength = 0

  constructor(file: string, descriptor: number, fromByte: number, bytes: number) {
    this.#file = file
    this.#descriptor = descriptor
    this.#next = fromByte
    this.#bytes = bytes
  }

  next(): boolean {
    if (this.#next >= this.#bytes) return false
    const from = this.#next
    const at = this.#isRecord(from) ? from : this.#search(from + 1)
    if (at !== from) {
      this.unread.push({ file: this.#file, fromByte: from, toByte: at === -1 ? this.#bytes : at })
    }
    if (at === -1) {
      this.#next = this.#bytes
      return false
    }
    this.offset = at
    this.length = this.#lengthAt(at)
    this.#next = at + LENGTH_BYTES + this.length
    return true
  }

  /** The first bytes of the record just found, as many as its header has. Borrowed until the next call. */
  header(): Buffer {
    const at = this.#load(this.offset, RECORD_HEADER_BYTES)
    return this.#window.subarray(at, at + RECORD_HEADER_BYTES)
  }

  #isRecord(offset: number): boolean {
    const length = this.#lengthAt(offset)
    if (length === -1) return false
    const end = offset + LENGTH_BYTES + length
    if (end === this.#bytes) return true
    if (this.#lengthAt(end) !== -1 && this.#hasHeader(end)) return true
    // Nothing follows. Where messages begin before the end that the length names, the length is what is wrong.
    if (!this.#hasHeader(offset)) return false
    const next = this.#search(offset + 1)
    return next === -1 || next >= end
  }

  /** The length field at an offset, or -1 where there can be no record. */
  #lengthAt(offset: number): number {
    if (offset + RECORD_HEADER_BYTES >= this.#bytes) return -1
    const length = readUint32(this.#window, this.#load(offset, LENGTH_BYTES))
    const fits = length >= SMALLEST_LENGTH && offset + LENGTH_BYTES + length <= this.#bytes
    return fits ? length : -1
  }

  /** Whether what stands behind the length is a message's header: the id hex digits, the time of this century. */
  #hasHeader(offset: number): boolean {
    const at = this.#load(offset, RECORD_HEADER_BYTES)
    const year = this.#window[at + LENGTH_BYTES]!
    return year >= EARLIEST && year <= LATEST && isHex(this.#window, at + RECORD_ID_OFFSET)
  }

  #search(from: number): number {
    for (let at = from; at + RECORD_HEADER_BYTES < this.#bytes; at++) {
      if (this.#lengthAt(at) !== -1 && this.#hasHeader(at)) return at
    }
    return -1
  }

  /** Brings bytes of the file, which must have them, into the window; returns where they stand there. */
  #load(offset: number, bytes: number): number {
    const end = this.#windowStart + this.#windowLength
    if (offset >= this.#windowStart && offset + bytes <= end) return offset - this.#windowStart
    this.#windowStart = offset
    this.#windowLength = readFully(this.#descriptor, this.#window, offset)
    return 0
  }
}

/** Fills as much of `target` as the file has from `position` on; returns how much. */
export function readFully(descriptor: number, target: Buffer, position: number): number {
  let length = 0
  while (length < target.length) {
    const read = fs.readSync(descriptor, target, length, target.length - length, position + length)
    if (read === 0) break
    length += read
  }
  return length
}

function isHex(bytes: Buffer, offset: number): boolean {
  for (let i = offset; i < offset + MESSAGE_ID_BYTES; i++) {
    const byte = bytes[i]!
    const isDigit = byte >= 0x30 && byte <= 0x39
    if (!isDigit && !(byte >= 0x61 && byte <= 0x66)) return false
  }
  return true
}
