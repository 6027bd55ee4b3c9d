import { type Cells, IN_FLIGHT, makeCells, NO_CELLS, SETTLED } from './cells.ts'

const SMALLEST = 16
const EMPTY = -1
const NO_KEYS = new Float64Array(0)

/**
 * A table from sequence number to a message's cells, for those that the window's ring does not cover: open addressing
 * over typed arrays, so that a million deferred messages cost some 40 MB and no objects.
 */
export class Stragglers {
  cells: Cells = NO_CELLS
  count = 0
  #keys = NO_KEYS
  #mask = 0
  readonly #keepsPublishing: boolean

  constructor(keepsPublishing = false) {
    this.#keepsPublishing = keepsPublishing
  }

  /** Slot of a message, or -1. Good until the next change. */
  find(sequence: number): number {
    if (this.count === 0) return -1
    const keys = this.#keys
    const mask = this.#mask
    let slot = hash(sequence) & mask
    while (keys[slot] !== EMPTY) {
      if (keys[slot] === sequence) return slot
      slot = (slot + 1) & mask
    }
    return -1
  }

  add(sequence: number, state: number, attempts: number): void {
    const slot = this.#insert(sequence)
    this.cells.state[slot] = state
    this.cells.attempts[slot] = attempts
    this.cells.owner[slot] = 0
    this.cells.deadline[slot] = 0
    this.cells.deliveredAt[slot] = 0
  }

  addFrom(sequence: number, cells: Cells, from: number): void {
    const slot = this.#insert(sequence)
    copyCells(cells, from, this.cells, slot)
  }

  remove(sequence: number): void {
    let hole = this.find(sequence)
    if (hole === -1) return
    this.count -= 1
    const keys = this.#keys
    const mask = this.#mask
    // Close the gap, so that no search ends at it.
    let slot = (hole + 1) & mask
    while (keys[slot] !== EMPTY) {
      const home = hash(keys[slot]!) & mask
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        keys[hole] = keys[slot]!
        copyCells(this.cells, slot, this.cells, hole)
        hole = slot
      }
      slot = (slot + 1) & mask
    }
    keys[hole] = EMPTY
    if (this.count === 0 && keys.length > 1024) this.clear()
  }

  /** Writes the sequence numbers of all into `target` from place `at` on, in no order. */
  copySequences(target: Float64Array, at: number): void {
    const keys = this.#keys
    for (let slot = 0; slot < keys.length; slot++) {
      if (keys[slot] === EMPTY) continue
      target[at] = keys[slot]!
      at += 1
    }
  }

  /** Adds those in flight with `owner` to `held`, in no order, until it has `count`. */
  addHeldBy(owner: number, count: number, held: number[]): void {
    const keys = this.#keys
    const { state, owner: owners } = this.cells
    for (let slot = 0; slot < keys.length && held.length < count; slot++) {
      if (keys[slot] === EMPTY || owners[slot] !== owner) continue
      if (state[slot] === IN_FLIGHT) held.push(keys[slot]!)
    }
  }

  forEach(visit: (sequence: number, slot: number) => void): void {
    for (let slot = 0; slot < this.#keys.length; slot++) {
      if (this.#keys[slot] !== EMPTY) visit(this.#keys[slot]!, slot)
    }
  }

  hasIn(from: number, to: number): boolean {
    if (this.count === 0) return false
    if (to - from < this.#keys.length) {
      for (let sequence = from; sequence < to; sequence++) {
        if (this.find(sequence) !== -1) return true
      }
      return false
    }
    for (let slot = 0; slot < this.#keys.length; slot++) {
      const sequence = this.#keys[slot]!
      if (sequence >= from && sequence < to) return true
    }
    return false
  }

  clear(): void {
    this.cells = NO_CELLS
    this.#keys = NO_KEYS
    this.#mask = 0
    this.count = 0
  }

  #insert(sequence: number): number {
    if ((this.count + 1) * 2 > this.#keys.length) this.#grow()
    const keys = this.#keys
    let slot = hash(sequence) & this.#mask
    while (keys[slot] !== EMPTY && keys[slot] !== sequence) slot = (slot + 1) & this.#mask
    if (keys[slot] === EMPTY) this.count += 1
    keys[slot] = sequence
    return slot
  }

  #grow(): void {
    const oldKeys = this.#keys
    const oldCells = this.cells
    const capacity = Math.max(SMALLEST, oldKeys.length * 2)
    this.#keys = new Float64Array(capacity).fill(EMPTY)
    this.cells = makeCells(capacity, this.#keepsPublishing)
    this.#mask = capacity - 1
    for (let slot = 0; slot < oldKeys.length; slot++) {
      const sequence = oldKeys[slot]!
      if (sequence === EMPTY) continue
      let to = hash(sequence) & this.#mask
      while (this.#keys[to] !== EMPTY) to = (to + 1) & this.#mask
      this.#keys[to] = sequence
      copyCells(oldCells, slot, this.cells, to)
    }
  }
}

function copyCells(from: Cells, source: number, to: Cells, target: number): void {
  to.state[target] = from.state[source] ?? SETTLED
  to.owner[target] = from.owner[source]!
  to.attempts[target] = from.attempts[source]!
  to.deadline[target] = from.deadline[source]!
  to.deliveredAt[target] = from.deliveredAt[source]!
  if (to.publishedAt.length > 0) to.publishedAt[target] = from.publishedAt[source]!
}

/** Spreads neighbours, which sequence numbers mostly are, over the table. */
function hash(sequence: number): number {
  const low = sequence >>> 0
  const high = (sequence - low) / 4_294_967_296
  return Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 7
}
