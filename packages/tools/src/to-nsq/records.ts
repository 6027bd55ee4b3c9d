// Hot: from chunks of input to records.

import { FatalError } from '../common/fatal-error.ts'

/** More than this is no message of any nsqd; a wrong delimiter must not fill the memory. */
const MAX_RECORD_BYTES = 0x1000_0000

/** Cuts input at each delimiter. Empty records are left out. */
export class RecordSplitter {
  readonly #delimiter: number
  readonly #maxBytes: number
  /** The beginning of a record whose end has not come yet. */
  #begun: Buffer[] = []
  #begunBytes = 0

  constructor(delimiter: number, maxBytes = MAX_RECORD_BYTES) {
    this.#delimiter = delimiter
    this.#maxBytes = maxBytes
  }

  /**
   * @param chunk kept: the records are views of it.
   * @throws {FatalError} when a record has no end.
   */
  push(chunk: Buffer): Buffer[] {
    const records: Buffer[] = []
    let start = 0
    let end = chunk.indexOf(this.#delimiter)
    if (end !== -1 && this.#begunBytes > 0) {
      this.#keep(chunk.subarray(0, end))
      records.push(Buffer.concat(this.#begun))
      this.#forget()
      start = end + 1
      end = chunk.indexOf(this.#delimiter, start)
    }
    for (; end !== -1; end = chunk.indexOf(this.#delimiter, start)) {
      if (end > start) records.push(chunk.subarray(start, end))
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return records
  }

  /** The last record, where the input ends without a delimiter. */
  end(): Buffer[] {
    const rest = this.#begunBytes === 0 ? [] : [Buffer.concat(this.#begun)]
    this.#forget()
    return rest
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return
    this.#begun.push(part)
    this.#begunBytes += part.length
    if (this.#begunBytes > this.#maxBytes) {
      throw new FatalError(
        `a record has more than ${this.#maxBytes} bytes: is the delimiter right?`,
      )
    }
  }

  #forget(): void {
    this.#begun = []
    this.#begunBytes = 0
  }
}
