// The cells in which a channel keeps what it knows of a message.

/** Settled, or not delivered yet: nothing is kept of it. */
export const SETTLED = 0
/** Handed to a subscriber, unanswered. */
export const IN_FLIGHT = 1
/** Queued for another delivery. */
export const WAITING = 2
/** Waits for its due time. */
export const DEFERRED = 3

const NO_TIMES = new Float64Array(0)

/** Cells of many messages, a column a property. */
export interface Cells {
  readonly state: Uint8Array
  readonly owner: Int32Array
  readonly attempts: Uint16Array
  /** When the delivery times out, on the core's clock. */
  readonly deadline: Float64Array
  readonly deliveredAt: Float64Array
  /** When the message was published, on the core's clock. Empty unless latencies are asked for. */
  readonly publishedAt: Float64Array
}

export function makeCells(capacity: number, keepsPublishing: boolean): Cells {
  return {
    state: new Uint8Array(capacity),
    owner: new Int32Array(capacity),
    attempts: new Uint16Array(capacity),
    deadline: new Float64Array(capacity),
    deliveredAt: new Float64Array(capacity),
    publishedAt: keepsPublishing ? new Float64Array(capacity) : NO_TIMES,
  }
}

/** The cells of nothing; shared, since most channels are idle. */
export const NO_CELLS = makeCells(0, false)
