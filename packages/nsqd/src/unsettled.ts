const SMALLEST = 16

/**
 * Messages that a channel still owes a delivery, a column a property and ascending by sequence number: there may be a million
 * of them, and an object each would stop the event loop for seconds.
 */
export class UnsettledMessages {
  length = 0
  /** Of the columns, what lies at `length` and behind means nothing. */
  sequence: Float64Array
  /** Unix ms; 0 where it may be delivered at once. */
  dueMs: Float64Array
  /** Deliveries so far. */
  attempts: Uint16Array

  /** @param capacity how many there will be, as far as that is known. */
  constructor(capacity = 0) {
    this.sequence = new Float64Array(capacity)
    this.dueMs = new Float64Array(capacity)
    this.attempts = new Uint16Array(capacity)
  }

  /** @param sequence above all others. */
  push(sequence: number, dueMs: number, attempts: number): void {
    const at = this.length
    if (at === this.sequence.length) this.#grow()
    this.sequence[at] = sequence
    this.dueMs[at] = dueMs
    this.attempts[at] = attempts
    this.length = at + 1
  }

  #grow(): void {
    const { sequence, dueMs, attempts } = this
    const capacity = Math.max(SMALLEST, this.length * 2)
    this.sequence = new Float64Array(capacity)
    this.dueMs = new Float64Array(capacity)
    this.attempts = new Uint16Array(capacity)
    this.sequence.set(sequence)
    this.dueMs.set(dueMs)
    this.attempts.set(attempts)
  }
}
