// Hot: one step for every message published in a batch.

import { ProtocolError, readUint32 } from '@tsq/protocol'

import type { Input } from './input.ts'

const SIZE_BYTES = 4
/** The smallest message of an MPUB body: its size and one byte. */
const SMALLEST_BYTES = SIZE_BYTES + 1

/** @throws {ProtocolError} `E_BAD_BODY` when a body of `maxBodySize` bytes cannot hold so many messages. */
export function checkMpubCount(count: number, maxBodySize: number): void {
  if (count <= 0 || count > Math.floor((maxBodySize - SIZE_BYTES) / SMALLEST_BYTES)) {
    throw new ProtocolError('E_BAD_BODY', `MPUB invalid message count ${count}`)
  }
}

/**
 * Checks the sizes in an MPUB body, going on where it stopped when the body comes in pieces.
 *
 * body => (size(int32) bytes)*
 */
export class MpubWalk {
  isUnderWay = false
  /** Where the next message begins, counted from the command's first byte. */
  offset = 0
  #index = 0
  #count = 0

  begin(offset: number, count: number): void {
    this.isUnderWay = true
    this.offset = offset
    this.#index = 0
    this.#count = count
  }

  finish(): void {
    this.isUnderWay = false
  }

  /**
   * Walks as far as the bytes go; true once every message is there.
   *
   * @throws {ProtocolError} `E_BAD_MESSAGE` for a size that cannot be, and where the peer ended too early.
   */
  walk(input: Input, maxMsgSize: number): boolean {
    const { bytes, end } = input
    let at = input.start + this.offset
    let index = this.#index
    const count = this.#count
    while (index < count) {
      if (at + SIZE_BYTES > end) break
      const size = readUint32(bytes, at) | 0
      if (size <= 0) this.#fail(`MPUB invalid message(${index}) body size ${size}`)
      if (size > maxMsgSize) this.#fail(`MPUB message too big ${size} > ${maxMsgSize}`)
      const next = at + SIZE_BYTES + size
      if (next > end) break
      at = next
      index += 1
    }
    this.offset = at - input.start
    this.#index = index
    if (index === count) return true
    if (!input.isEnded) {
      input.has(at, SIZE_BYTES)
      return false
    }
    const isSizeThere = at + SIZE_BYTES <= end
    return this.#fail(
      isSizeThere
        ? 'MPUB failed to read message body'
        : `MPUB failed to read message(${index}) body size`,
    )
  }

  #fail(text: string): never {
    this.isUnderWay = false
    throw new ProtocolError('E_BAD_MESSAGE', text)
  }
}
