// What a window is to be, a map, and what can be done to both.

import assert from 'node:assert/strict'

import * as fc from 'fast-check'

import { DEFERRED, IN_FLIGHT, SETTLED, WAITING } from '../src/cells.ts'
import type { Window } from '../src/window.ts'

interface Entry {
  state: number
  owner: number
  attempts: number
  deadline: number
  deliveredAt: number
}

/** What a window is to be: a map. */
export class Model {
  cursor: number
  now = 0
  readonly unsettled = new Map<number, Entry>()

  constructor(cursor: number) {
    this.cursor = cursor
  }

  /** An unsettled message, the one at `pick` parts of 1000 on the way from the oldest to the newest. */
  pick(pick: number): number | undefined {
    const sequences = [...this.unsettled.keys()].toSorted((a, b) => a - b)
    return sequences[Math.floor((pick / 1_000) * sequences.length)]
  }
}

type WindowCommand = fc.Command<Model, Window>

class DeliverFresh implements WindowCommand {
  readonly count: number
  readonly owner: number

  constructor(count: number, owner: number) {
    this.count = count
    this.owner = owner
  }

  check(model: Model): boolean {
    // What the cursor meets is not known yet; deferred ones are passed.
    for (let i = 0; i < this.count; i++) if (model.unsettled.has(model.cursor + i)) return false
    return true
  }

  run(model: Model, window: Window): void {
    const { now, cursor } = model
    window.deliverFresh(this.count, this.owner, now, now + 60)
    for (let i = 0; i < this.count; i++) {
      const entry = { owner: this.owner, attempts: 1, deadline: now + 60, deliveredAt: now }
      model.unsettled.set(cursor + i, { state: IN_FLIGHT, ...entry })
    }
    model.cursor += this.count
    model.now += 1
    assertSame(model, window)
  }

  toString(): string {
    return `deliverFresh(${this.count}, ${this.owner})`
  }
}

class Pass implements WindowCommand {
  readonly isDeferred: boolean

  /** @param isDeferred passes a message that the stragglers know of, else one that was sampled away. */
  constructor(isDeferred: boolean) {
    this.isDeferred = isDeferred
  }

  check(): boolean {
    return true
  }

  run(model: Model, window: Window): void {
    const { cursor } = model
    if (this.isDeferred && !model.unsettled.has(cursor)) {
      window.addStraggler(cursor, DEFERRED, 0)
      const entry = { owner: 0, attempts: 0, deadline: 0, deliveredAt: 0 }
      model.unsettled.set(cursor, { state: DEFERRED, ...entry })
      assertSame(model, window)
    }
    window.pass(1)
    model.cursor += 1
    assertSame(model, window)
  }

  toString(): string {
    return this.isDeferred ? 'passDeferred' : 'pass'
  }
}

class AddAhead implements WindowCommand {
  readonly ahead: number

  constructor(ahead: number) {
    this.ahead = ahead
  }

  check(model: Model): boolean {
    return !model.unsettled.has(model.cursor + this.ahead)
  }

  run(model: Model, window: Window): void {
    const sequence = model.cursor + this.ahead
    window.addStraggler(sequence, WAITING, 3)
    const entry = { owner: 0, attempts: 3, deadline: 0, deliveredAt: 0 }
    model.unsettled.set(sequence, { state: WAITING, ...entry })
    assertSame(model, window)
  }

  toString(): string {
    return `addAhead(${this.ahead})`
  }
}

class Finish implements WindowCommand {
  readonly at: number
  readonly owner: number

  constructor(at: number, owner: number) {
    this.at = at
    this.owner = owner
  }

  check(): boolean {
    return true
  }

  run(model: Model, window: Window): void {
    const sequence = model.pick(this.at) ?? model.cursor - 1
    const entry = model.unsettled.get(sequence)
    const found = window.finish(sequence, this.owner)
    if (entry?.state !== IN_FLIGHT) {
      assert.equal(found, SETTLED)
    } else if (entry.owner === this.owner) {
      assert.equal(found, IN_FLIGHT)
      model.unsettled.delete(sequence)
      assert.equal(window.finish(sequence, this.owner), SETTLED, 'twice')
    } else {
      assert.equal(found, WAITING)
    }
    assertSame(model, window)
  }

  toString(): string {
    return `finish(${this.at}, ${this.owner})`
  }
}

/** Settles all but one in so many, so that few stay behind. */
class SettleMost implements WindowCommand {
  readonly kept: number

  constructor(kept: number) {
    this.kept = kept
  }

  check(): boolean {
    return true
  }

  run(model: Model, window: Window): void {
    for (const [i, sequence] of [...model.unsettled.keys()].entries()) {
      if (i % this.kept === 0) continue
      window.settle(sequence)
      model.unsettled.delete(sequence)
    }
    assertSame(model, window)
  }

  toString(): string {
    return `settleMost(${this.kept})`
  }
}

/** Requeues a message and delivers it again. */
class Again implements WindowCommand {
  readonly at: number
  readonly owner: number
  readonly state: number

  constructor(at: number, owner: number, state: number) {
    this.at = at
    this.owner = owner
    this.state = state
  }

  check(model: Model): boolean {
    return model.unsettled.size > 0
  }

  run(model: Model, window: Window): void {
    const sequence = model.pick(this.at)!
    const entry = model.unsettled.get(sequence)!
    window.setState(sequence, this.state)
    entry.state = this.state
    assertSame(model, window)
    const attempts = window.deliverAgain(sequence, this.owner, model.now, model.now + 30)
    Object.assign(entry, { state: IN_FLIGHT, owner: this.owner, attempts: entry.attempts + 1 })
    Object.assign(entry, { deliveredAt: model.now, deadline: model.now + 30 })
    assert.equal(attempts, entry.attempts)
    window.setDeadline(sequence, model.now + 90)
    entry.deadline = model.now + 90
    model.now += 1
    assertSame(model, window)
  }

  toString(): string {
    return `again(${this.at}, ${this.owner}, ${this.state})`
  }
}

class Jump implements WindowCommand {
  readonly by: number

  constructor(by: number) {
    this.by = by
  }

  check(): boolean {
    return true
  }

  run(model: Model, window: Window): void {
    window.jumpTo(model.cursor + this.by)
    model.cursor += Math.max(this.by, 0)
    assertSame(model, window)
  }

  toString(): string {
    return `jump(${this.by})`
  }
}

class Trim implements WindowCommand {
  check(): boolean {
    return true
  }

  run(model: Model, window: Window): void {
    window.trim()
    assertSame(model, window)
  }

  toString(): string {
    return 'trim'
  }
}

class Reset implements WindowCommand {
  check(): boolean {
    return true
  }

  run(model: Model, window: Window): void {
    model.cursor += 5
    model.unsettled.clear()
    window.reset(model.cursor)
    assertSame(model, window)
  }

  toString(): string {
    return 'reset'
  }
}

function byNumber(a: number, b: number): number {
  return a - b
}

function assertSame(model: Model, window: Window): void {
  assert.equal(window.cursor, model.cursor)
  assert.ok(window.floor <= window.cursor)
  assert.equal(window.unsettled, model.unsettled.size)
  const visited = new Map<number, [number, number]>()
  window.forEachUnsettled((sequence, state, owner) => {
    assert.equal(visited.has(sequence), false, `${sequence} is there twice`)
    visited.set(sequence, [state, owner])
  })
  assert.equal(visited.size, model.unsettled.size)
  const sequences = window.unsettledSequences()
  assert.deepEqual([...sequences].toSorted(byNumber), [...visited.keys()].toSorted(byNumber))
  const still: number[] = []
  window.forEachStillUnsettled(sequences, 0, sequences.length, (sequence, cells, slot) => {
    still.push(sequence)
    assert.deepEqual([cells.state[slot], cells.owner[slot]], visited.get(sequence))
  })
  assert.deepEqual(still, [...sequences])
  for (const owner of [1, 2, 3]) {
    const held = [...model.unsettled]
      .filter(([, entry]) => entry.state === IN_FLIGHT && entry.owner === owner)
      .map(([sequence]) => sequence)
      .toSorted(byNumber)
    assert.deepEqual(window.heldBy(owner, held.length), held)
  }
  for (const [sequence, entry] of model.unsettled) {
    assert.deepEqual(visited.get(sequence), [entry.state, entry.owner])
    assert.equal(window.stateOf(sequence), entry.state)
    assert.equal(window.ownerOf(sequence), entry.owner)
    assert.equal(window.attemptsOf(sequence), entry.attempts)
    assert.equal(window.deadlineOf(sequence), entry.deadline)
    assert.equal(window.deliveredAtOf(sequence), entry.deliveredAt)
    assert.ok(window.hasUnsettledIn(sequence, sequence + 1))
  }
  const oldest = Math.min(...model.unsettled.keys())
  if (oldest < window.cursor) assert.equal(window.hasUnsettledIn(0, oldest), false)
  for (const sequence of [window.cursor, window.floor - 1, window.cursor - 1, 0]) {
    const expected = model.unsettled.get(sequence)?.state ?? SETTLED
    assert.equal(window.stateOf(sequence), expected)
  }
}

const owner = fc.integer({ min: 1, max: 3 })
const place = fc.nat({ max: 999 })

export function commands(largest: number): fc.Arbitrary<Iterable<WindowCommand>> {
  const count = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: largest }))
  return fc.commands<Model, Window>(
    [
      fc.tuple(count, owner).map(([n, who]) => new DeliverFresh(n, who)),
      fc.tuple(count, owner).map(([n, who]) => new DeliverFresh(n, who)),
      fc.tuple(place, owner).map(([at, who]) => new Finish(at, who)),
      fc.tuple(fc.constant(0), owner).map(([at, who]) => new Finish(at, who)),
      fc.integer({ min: 2, max: 20 }).map((kept) => new SettleMost(kept)),
      fc
        .tuple(place, owner, fc.constantFrom(WAITING, DEFERRED))
        .map(([at, who, state]) => new Again(at, who, state)),
      fc.boolean().map((isDeferred) => new Pass(isDeferred)),
      fc.nat({ max: 30 }).map((ahead) => new AddAhead(ahead)),
      fc.oneof(fc.integer({ min: -3, max: 70 }), fc.constant(2 ** 22)).map((by) => new Jump(by)),
      fc.constant(new Trim()),
      fc.constant(new Reset()),
    ],
    { maxCommands: 60, size: 'max' },
  )
}
