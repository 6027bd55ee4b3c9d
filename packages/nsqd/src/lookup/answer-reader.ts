/** More than this is no answer of an nsqlookupd. */
const MAX_ANSWER_BYTES = 64 * 1024
const SIZE_BYTES = 4

/** Cuts what an nsqlookupd sends into answers. answer => size(int32) text */
export class AnswerReader {
  #held: Buffer = Buffer.alloc(0)

  /**
   * The answers that are whole now.
   *
   * @param bytes borrowed for the call.
   * @throws {Error} for a size that cannot be.
   */
  push(bytes: Uint8Array): string[] {
    let rest = Buffer.concat([this.#held, bytes])
    const answers: string[] = []
    while (rest.length >= SIZE_BYTES) {
      const size = rest.readInt32BE(0)
      if (size < 0 || size > MAX_ANSWER_BYTES) throw new Error(`it sent an answer of ${size} bytes`)
      const end = SIZE_BYTES + size
      if (rest.length < end) break
      answers.push(rest.toString('utf8', SIZE_BYTES, end))
      rest = rest.subarray(end)
    }
    this.#held = rest
    return answers
  }
}
