const MAGIC_BYTES = 4
const SIZE_BYTES = 4
const WITH_BODY = new Set(['IDENTIFY', 'AUTH', 'PUB', 'MPUB', 'DPUB'])

/** Reads the commands of a client off its bytes, in clear. */
export class CommandTap {
  /** Lines, without bodies: `SUB t c`, `RDY 5`, `FIN 0d2f…`. */
  readonly commands: string[] = []
  #held = Buffer.alloc(0)
  /** Bytes to pass over: the magic, then bodies. */
  #skip = MAGIC_BYTES
  #isSizeNext = false

  push(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk])
    while (this.#step());
  }

  #step(): boolean {
    const held = this.#held
    if (this.#skip > 0) {
      if (held.length === 0) return false
      const passed = Math.min(this.#skip, held.length)
      this.#skip -= passed
      this.#held = held.subarray(passed)
      return true
    }
    if (this.#isSizeNext) {
      if (held.length < SIZE_BYTES) return false
      this.#isSizeNext = false
      this.#skip = SIZE_BYTES + held.readInt32BE(0)
      return true
    }
    const end = held.indexOf('\n')
    if (end < 0) return false
    const line = held.toString('latin1', 0, end)
    this.#held = held.subarray(end + 1)
    this.#isSizeNext = WITH_BODY.has(line.split(' ')[0]!)
    this.commands.push(line)
    return true
  }
}
