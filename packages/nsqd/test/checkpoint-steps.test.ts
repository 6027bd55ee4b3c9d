import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Random } from '@tsq/testing'

import { DEFERRED, IN_FLIGHT, SETTLED, WAITING } from '../src/cells.ts'
import { decodeCheckpoint } from '../src/checkpoint.ts'
import { encodeInSteps } from '../src/checkpoint-steps.ts'
import { Window } from '../src/window.ts'

const WALL_OFFSET_MS = 1_000_000
const OWNER = 7

interface Filled {
  readonly window: Window
  /** Sequence numbers of what was unsettled at first and still is. */
  readonly unsettled: Set<number>
  /** Of those that were deferred ahead of the cursor. */
  readonly deferred: ReadonlySet<number>
}

/** Does something to a window that a channel may do at any time. */
function disturb({ window, unsettled, deferred }: Filled, random: Random): void {
  for (let i = 0; i < 40; i++) {
    const known = [...unsettled]
    const sequence = known[random.below(known.length)]!
    const state = window.stateOf(sequence)
    if (random.below(2) === 0) {
      window.settle(sequence)
      unsettled.delete(sequence)
    } else if (state === IN_FLIGHT) {
      window.setState(sequence, random.below(2) === 0 ? WAITING : DEFERRED)
      window.setDeadline(sequence, random.below(1_000))
    } else {
      window.deliverAgain(sequence, OWNER, 0, 60)
    }
  }
  // Far enough to push what is old out of the ring.
  for (let left = 1 + random.below(600); left > 0; left--) {
    if (deferred.has(window.cursor)) window.pass(1)
    else window.deliverFresh(1, OWNER, 0, 60)
  }
}

/** A window with messages in its ring, behind it and ahead of it. */
function filledWindow(random: Random): Filled {
  const window = new Window(1)
  const unsettled = new Set<number>()
  for (let round = 0; round < 60; round++) {
    const count = 1 + random.below(800)
    window.deliverFresh(count, OWNER, 0, 60)
    for (let sequence = window.cursor - count; sequence < window.cursor; sequence++) {
      if (random.below(4) === 0) unsettled.add(sequence)
      else window.settle(sequence)
    }
  }
  const deferred = new Set<number>()
  for (let i = 0; i < 3_000; i++) {
    const sequence = window.cursor + 500 + i * 2
    window.addStraggler(sequence, DEFERRED, 0)
    window.setDeadline(sequence, 500 + i)
    unsettled.add(sequence)
    deferred.add(sequence)
  }
  return { window, unsettled, deferred }
}

test('what is unsettled from begin to end is in it, however much goes on meanwhile', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new Random(seed)
    const filled = filledWindow(random)
    const { window, unsettled } = filled
    const atFirst = new Set(unsettled)
    const place = { cursor: window.cursor, absorbed: window.cursor, isPaused: false }
    const steps = encodeInSteps(place, window, WALL_OFFSET_MS)
    let parts: readonly Uint8Array[] | undefined
    while (parts === undefined) {
      const step = steps.next()
      if (step.done === true) parts = step.value
      else disturb(filled, random)
    }
    const checkpoint = decodeCheckpoint(Buffer.concat(parts))!
    assert.equal(checkpoint.cursor, place.cursor)
    const kept = new Set(checkpoint.unsettled.sequence.subarray(0, checkpoint.unsettled.length))
    assert.equal(kept.size, checkpoint.unsettled.length, 'each once')
    for (const sequence of kept)
      assert.ok(atFirst.has(sequence), `seed ${seed}: ${sequence} was settled`)
    for (const sequence of atFirst) {
      const isLeft = window.stateOf(sequence) !== SETTLED
      assert.ok(!isLeft || kept.has(sequence), `seed ${seed}: ${sequence} is missing`)
    }
  }
})

test('of each message it has what became of it last', () => {
  const window = new Window(1)
  window.deliverFresh(3, OWNER, 0, 60)
  window.setState(2, DEFERRED)
  window.setDeadline(2, 400)
  const place = { cursor: 4, absorbed: 4, isPaused: true }
  const steps = encodeInSteps(place, window, WALL_OFFSET_MS)
  steps.next()
  window.settle(1)
  window.deliverAgain(2, OWNER, 0, 60)
  window.setState(3, DEFERRED)
  window.setDeadline(3, 900)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  const { isPaused, unsettled } = decodeCheckpoint(Buffer.concat(step.value))!
  assert.equal(isPaused, true)
  assert.deepEqual([...unsettled.sequence.subarray(0, 2)], [2, 3])
  assert.deepEqual([...unsettled.dueMs.subarray(0, 2)], [0, WALL_OFFSET_MS + 900])
  assert.deepEqual([...unsettled.attempts.subarray(0, 2)], [2, 1])
  assert.equal(unsettled.length, 2)
})
