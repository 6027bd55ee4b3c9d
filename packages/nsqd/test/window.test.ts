import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { IN_FLIGHT, WAITING } from '../src/cells.ts'
import { Window } from '../src/window.ts'
import { commands, Model } from './window-model.ts'

const starts = fc.constantFrom(1, 63, 64, 1_000, 2 ** 32 - 40, 2 ** 40 - 40)

test('a window is a map of what is unsettled, around its smallest ring', () => {
  fc.assert(
    fc.property(starts, commands(70), (start, all) => {
      fc.modelRun(() => ({ model: new Model(start), real: new Window(start) }), all)
    }),
    { numRuns: 300 },
  )
})

test('a window is a map of what is unsettled, at larger spans', () => {
  fc.assert(
    fc.property(starts, commands(1_500), (start, all) => {
      fc.modelRun(() => ({ model: new Model(start), real: new Window(start) }), all)
    }),
    { numRuns: 40 },
  )
})

test('what stays behind while the ring moves on is still found', () => {
  const window = new Window(1)
  window.deliverFresh(1, 1, 0, 10)
  for (let i = 0; i < 1_000; i++) {
    window.deliverFresh(50, 2, 5, 20)
    for (let k = 0; k < 50; k++) window.settle(window.cursor - 50 + k)
  }
  assert.ok(window.cursor - window.floor <= 64, 'the ring did not grow')
  assert.equal(window.stragglers.count, 1)
  assert.equal(window.hasUnsettledIn(1, 2), true)
  assert.equal(window.hasUnsettledIn(2, window.floor), false)
  assert.equal(window.finish(1, 2), WAITING)
  assert.equal(window.finish(1, 1), IN_FLIGHT)
  assert.equal(window.unsettled, 0)
})

test('a large ring that holds as many as it can pushes the oldest out', () => {
  const window = new Window(1)
  const count = (1 << 17) + 3_000
  for (let done = 0; done < count; done += 1_000) window.deliverFresh(1_000, 1, 0, 10)
  assert.equal(window.unsettled, window.cursor - 1)
  assert.ok(window.stragglers.count > 0)
  for (let sequence = 1; sequence < window.cursor; sequence++) {
    assert.equal(window.finish(sequence, 1), IN_FLIGHT)
  }
  assert.equal(window.unsettled, 0)
})

test('attempts stop at the largest number the wire can carry', () => {
  const window = new Window(1)
  window.addStraggler(0, WAITING, 65_534)
  assert.equal(window.deliverAgain(0, 1, 0, 10), 65_535)
  assert.equal(window.deliverAgain(0, 1, 0, 10), 65_535)
})
