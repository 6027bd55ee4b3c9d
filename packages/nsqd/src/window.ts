// Hot: a few cells here change for every delivery and every FIN.

import { MAX_ATTEMPTS } from '@tsq/protocol'

import { type Cells, IN_FLIGHT, makeCells, NO_CELLS, SETTLED, WAITING } from './cells.ts'
import { Stragglers } from './stragglers.ts'

const SMALLEST_RING = 64
/** The ring grows to this before it pushes its oldest unsettled messages out to the stragglers. */
const LARGEST_RING = 1 << 17
/** An idle ring larger than this is given back. */
const KEPT_RING = 1 << 10

/**
 * What a channel knows of each message that is not settled: a ring of typed arrays over `floor`…`cursor`, indexed by
 * sequence number, and a sparse table for the few that stay behind while the ring moves on, and for deferred messages
 * that the cursor has not reached.
 */
export class Window {
  /** Everything below is settled, but for the stragglers. */
  floor: number
  /** The next message never delivered. */
  cursor: number
  readonly stragglers: Stragglers
  #ring: Cells = NO_CELLS
  #capacity = 0
  #mask = 0
  /** Messages in the ring that are not settled. */
  #unsettled = 0

  readonly #keepsPublishing: boolean

  /** @param keepsPublishing whether it keeps when each message was published. */
  constructor(floor: number, keepsPublishing = false) {
    this.floor = floor
    this.cursor = floor
    this.#keepsPublishing = keepsPublishing
    this.stragglers = new Stragglers(keepsPublishing)
  }

  /** Unsettled messages: those that the cursor is past, and deferred ones ahead of it. */
  get unsettled(): number {
    return this.#unsettled + this.stragglers.count
  }

  /** Fresh messages from the cursor on have been handed to a subscriber. */
  deliverFresh(count: number, owner: number, now: number, deadline: number): void {
    this.#makeRoom(count)
    const { state, attempts, deadline: deadlines, deliveredAt, owner: owners } = this.#ring
    const mask = this.#mask
    let sequence = this.cursor
    for (let i = 0; i < count; i++, sequence++) {
      const slot = sequence & mask
      state[slot] = IN_FLIGHT
      owners[slot] = owner
      attempts[slot] = 1
      deadlines[slot] = deadline
      deliveredAt[slot] = now
    }
    this.cursor = sequence
    this.#unsettled += count
  }

  /** Passes over messages that need no delivery: sampled away, or deferred ones known to the stragglers. */
  pass(count: number): void {
    if (this.floor === this.cursor) {
      this.floor += count
      this.cursor += count
      return
    }
    this.#makeRoom(count)
    for (let i = 0; i < count; i++) this.#ring.state[(this.cursor + i) & this.#mask] = SETTLED
    this.cursor += count
  }

  /** Moves the cursor far ahead. What is unsettled behind it becomes stragglers. */
  jumpTo(sequence: number): void {
    if (sequence <= this.cursor) return
    this.#evictBelow(this.cursor)
    this.floor = sequence
    this.cursor = sequence
  }

  stateOf(sequence: number): number {
    if (this.#isKeptInRing(sequence)) return this.#ring.state[sequence & this.#mask]!
    const slot = this.stragglers.find(sequence)
    return slot === -1 ? SETTLED : this.stragglers.cells.state[slot]!
  }

  ownerOf(sequence: number): number {
    return this.#cellsOf(sequence).owner[this.#slotOf(sequence)]!
  }

  attemptsOf(sequence: number): number {
    return this.#cellsOf(sequence).attempts[this.#slotOf(sequence)]!
  }

  deadlineOf(sequence: number): number {
    return this.#cellsOf(sequence).deadline[this.#slotOf(sequence)]!
  }

  deliveredAtOf(sequence: number): number {
    return this.#cellsOf(sequence).deliveredAt[this.#slotOf(sequence)]!
  }

  /** When an unsettled message was published; 0 for any other. */
  publishedAtOf(sequence: number): number {
    return this.#cellsOf(sequence).publishedAt[this.#slotOf(sequence)] ?? 0
  }

  /** Only where the window keeps this. The message must be unsettled. */
  setPublishedAt(sequence: number, publishedAt: number): void {
    this.#cellsOf(sequence).publishedAt[this.#slotOf(sequence)] = publishedAt
  }

  /** The message must be unsettled. */
  setState(sequence: number, state: number): void {
    this.#cellsOf(sequence).state[this.#slotOf(sequence)] = state
  }

  setDeadline(sequence: number, deadline: number): void {
    this.#cellsOf(sequence).deadline[this.#slotOf(sequence)] = deadline
  }

  /** A message that waited is handed out again; returns its attempts, this delivery included. */
  deliverAgain(sequence: number, owner: number, now: number, deadline: number): number {
    const cells = this.#cellsOf(sequence)
    const slot = this.#slotOf(sequence)
    const attempts = Math.min(cells.attempts[slot]! + 1, MAX_ATTEMPTS)
    cells.state[slot] = IN_FLIGHT
    cells.owner[slot] = owner
    cells.attempts[slot] = attempts
    cells.deadline[slot] = deadline
    cells.deliveredAt[slot] = now
    return attempts
  }

  /** Nothing more is owed for this unsettled message. */
  settle(sequence: number): void {
    if (this.#isKeptInRing(sequence)) {
      this.#ring.state[sequence & this.#mask] = SETTLED
      this.#unsettled -= 1
      if (sequence === this.floor) this.#raiseFloor()
    } else {
      this.stragglers.remove(sequence)
    }
  }

  /** Takes on a message outside of the ring: a deferred one, or what a checkpoint kept. */
  addStraggler(sequence: number, state: number, attempts: number): void {
    this.stragglers.add(sequence, state, attempts)
  }

  /**
   * The FIN of `owner`, the hottest thing that comes in.
   * Returns IN_FLIGHT where the message was settled, WAITING where another owns it, SETTLED where it is not in flight.
   */
  finish(sequence: number, owner: number): number {
    if (this.#isKeptInRing(sequence)) {
      const slot = sequence & this.#mask
      if (this.#ring.state[slot] !== IN_FLIGHT) return SETTLED
      if (this.#ring.owner[slot] !== owner) return WAITING
      this.#ring.state[slot] = SETTLED
      this.#unsettled -= 1
      if (sequence === this.floor) this.#raiseFloor()
      return IN_FLIGHT
    }
    const slot = this.stragglers.find(sequence)
    if (slot === -1 || this.stragglers.cells.state[slot] !== IN_FLIGHT) return SETTLED
    if (this.stragglers.cells.owner[slot] !== owner) return WAITING
    this.stragglers.remove(sequence)
    return IN_FLIGHT
  }

  /** Visits every unsettled message. The ring's come in order, the stragglers' in none. Must not change the window. */
  forEachUnsettled(visit: (sequence: number, state: number, owner: number) => void): void {
    const { state, owner } = this.#ring
    if (this.#unsettled > 0) {
      for (let sequence = this.floor; sequence < this.cursor; sequence++) {
        const slot = sequence & this.#mask
        if (state[slot] !== SETTLED) visit(sequence, state[slot]!, owner[slot]!)
      }
    }
    this.stragglers.forEach((sequence, slot) => {
      const { cells } = this.stragglers
      visit(sequence, cells.state[slot]!, cells.owner[slot]!)
    })
  }

  /** Sequence numbers of all that is unsettled, in no order. */
  unsettledSequences(): Float64Array {
    const sequences = new Float64Array(this.unsettled)
    const { state } = this.#ring
    let count = 0
    if (this.#unsettled > 0) {
      for (let sequence = this.floor; sequence < this.cursor; sequence++) {
        if (state[sequence & this.#mask] === SETTLED) continue
        sequences[count] = sequence
        count += 1
      }
    }
    this.stragglers.copySequences(sequences, count)
    return sequences
  }

  /** Visits those of the messages, from place `start` to `end`, that are not settled by now, with their cells and their slot in them. */
  forEachStillUnsettled(
    sequences: Float64Array,
    start: number,
    end: number,
    visit: (sequence: number, cells: Cells, slot: number) => void,
  ): void {
    for (let i = start; i < end; i++) {
      const sequence = sequences[i]!
      if (this.#isKeptInRing(sequence)) {
        visit(sequence, this.#ring, sequence & this.#mask)
        continue
      }
      const slot = this.stragglers.find(sequence)
      if (slot !== -1) visit(sequence, this.stragglers.cells, slot)
    }
  }

  /** Sequence numbers of the `count` messages in flight with `owner`, ascending. */
  heldBy(owner: number, count: number): number[] {
    const held: number[] = []
    const { state, owner: owners } = this.#ring
    if (this.#unsettled > 0) {
      for (let at = this.floor; at < this.cursor && held.length < count; at++) {
        const slot = at & this.#mask
        if (state[slot] === IN_FLIGHT && owners[slot] === owner) held.push(at)
      }
    }
    this.stragglers.addHeldBy(owner, count, held)
    return held.toSorted((a, b) => a - b)
  }

  /** Whether a message of the range, end exclusive, is unsettled. */
  hasUnsettledIn(from: number, to: number): boolean {
    if (this.#unsettled > 0) {
      const end = Math.min(to, this.cursor)
      for (let sequence = Math.max(from, this.floor); sequence < end; sequence++) {
        if (this.#ring.state[sequence & this.#mask] !== SETTLED) return true
      }
    }
    return this.stragglers.hasIn(from, to)
  }

  /** Forgets everything and continues at `sequence`. */
  reset(sequence: number): void {
    this.stragglers.clear()
    this.#dropRing()
    this.floor = sequence
    this.cursor = sequence
  }

  /** Gives memory back that a burst needed. */
  trim(): void {
    if (this.floor === this.cursor && this.#capacity > KEPT_RING) this.#dropRing()
  }

  #dropRing(): void {
    this.#ring = NO_CELLS
    this.#capacity = 0
    this.#mask = 0
    this.#unsettled = 0
  }

  /** False for what is settled, and for a straggler that the cursor has passed. */
  #isKeptInRing(sequence: number): boolean {
    return (
      sequence >= this.floor &&
      sequence < this.cursor &&
      this.#ring.state[sequence & this.#mask] !== SETTLED
    )
  }

  #cellsOf(sequence: number): Cells {
    return this.#isKeptInRing(sequence) ? this.#ring : this.stragglers.cells
  }

  #slotOf(sequence: number): number {
    return this.#isKeptInRing(sequence) ? sequence & this.#mask : this.stragglers.find(sequence)
  }

  #raiseFloor(): void {
    const { state } = this.#ring
    const { cursor } = this
    const mask = this.#mask
    let floor = this.floor
    while (floor < cursor && state[floor & mask] === SETTLED) floor += 1
    this.floor = floor
  }

  #makeRoom(count: number): void {
    if (this.cursor - this.floor + count <= this.#capacity) return
    this.#raiseFloor()
    const needed = this.cursor - this.floor + count
    if (needed <= this.#capacity) return
    const isDense = this.#unsettled * 4 >= this.cursor - this.floor
    if (this.#capacity === 0 || needed <= SMALLEST_RING || (isDense && needed <= LARGEST_RING)) {
      this.#growTo(needed)
      return
    }
    // Few are unsettled, or there is no room to grow: those at the front go to the stragglers.
    if (count > this.#capacity) {
      this.#evictBelow(this.cursor)
      this.#growTo(count)
      return
    }
    this.#evictBelow(Math.min(this.cursor, this.cursor + count - (this.#capacity >> 1)))
    this.#raiseFloor()
    if (this.cursor - this.floor + count > this.#capacity) this.#evictBelow(this.cursor)
  }

  #growTo(needed: number): void {
    let capacity = SMALLEST_RING
    while (capacity < needed) capacity *= 2
    const old = this.#ring
    const oldMask = this.#mask
    const ring = makeCells(capacity, this.#keepsPublishing)
    const mask = capacity - 1
    for (let sequence = this.floor; sequence < this.cursor; sequence++) {
      const from = sequence & oldMask
      const to = sequence & mask
      ring.state[to] = old.state[from]!
      ring.owner[to] = old.owner[from]!
      ring.attempts[to] = old.attempts[from]!
      ring.deadline[to] = old.deadline[from]!
      ring.deliveredAt[to] = old.deliveredAt[from]!
      if (this.#keepsPublishing) ring.publishedAt[to] = old.publishedAt[from]!
    }
    this.#ring = ring
    this.#capacity = capacity
    this.#mask = mask
  }

  #evictBelow(sequence: number): void {
    const ring = this.#ring
    for (let at = this.floor; at < sequence; at++) {
      const slot = at & this.#mask
      if (ring.state[slot] === SETTLED || this.#capacity === 0) continue
      this.stragglers.addFrom(at, ring, slot)
      ring.state[slot] = SETTLED
      this.#unsettled -= 1
    }
    if (sequence > this.floor) this.floor = sequence
  }
}
