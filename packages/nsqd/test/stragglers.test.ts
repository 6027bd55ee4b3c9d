import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { DEFERRED, IN_FLIGHT, makeCells, WAITING } from '../src/cells.ts'
import { Stragglers } from '../src/stragglers.ts'

interface Entry {
  state: number
  attempts: number
  owner: number
}

const states = fc.constantFrom(IN_FLIGHT, WAITING, DEFERRED)

/** Neighbours, strangers and numbers past 32 bits, few enough to meet again. */
const sequences = fc.oneof(
  fc.nat({ max: 40 }),
  fc.nat({ max: 40 }).map((n) => n * 65_536),
  fc.nat({ max: 10 }).map((n) => n * 2 ** 32 + 3),
  fc.nat({ max: 10 }).map((n) => Number.MAX_SAFE_INTEGER - n),
)

const steps = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('add'), sequences, states, fc.nat(65_535)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('addFrom'), sequences, states, fc.nat(65_535)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('remove'), sequences, states, fc.nat(65_535)) },
)

function assertSame(table: Stragglers, model: Map<number, Entry>): void {
  assert.equal(table.count, model.size)
  for (const [sequence, { state, attempts, owner }] of model) {
    const slot = table.find(sequence)
    assert.notEqual(slot, -1)
    assert.equal(table.cells.state[slot], state)
    assert.equal(table.cells.attempts[slot], attempts)
    assert.equal(table.cells.owner[slot], owner)
  }
  const visited = new Set<number>()
  table.forEach((sequence, slot) => {
    assert.equal(table.find(sequence), slot)
    visited.add(sequence)
  })
  assert.deepEqual(visited, new Set(model.keys()))
}

test('the table is a map from sequence number to cells', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), (all) => {
      const table = new Stragglers()
      const model = new Map<number, Entry>()
      for (const [kind, sequence, state, attempts] of all) {
        if (kind === 'add') {
          table.add(sequence, state, attempts)
          model.set(sequence, { state, attempts, owner: 0 })
        } else if (kind === 'addFrom') {
          const cells = makeCells(1, false)
          cells.state[0] = state
          cells.attempts[0] = attempts
          cells.owner[0] = 9
          table.addFrom(sequence, cells, 0)
          model.set(sequence, { state, attempts, owner: 9 })
        } else {
          table.remove(sequence)
          model.delete(sequence)
        }
        assert.equal(table.find(sequence) !== -1, model.has(sequence))
      }
      assertSame(table, model)
      for (const [from, to] of [
        [0, 20],
        [20, 41],
        [41, 65_536],
        [2 ** 33, 2 ** 40],
      ] as const) {
        const expected = [...model.keys()].some((sequence) => sequence >= from && sequence < to)
        assert.equal(table.hasIn(from, to), expected)
      }
    }),
    { numRuns: 200 },
  )
})

test('thousands of neighbours go in and out', () => {
  const table = new Stragglers()
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5_000; i++) table.add(2 ** 40 + i, WAITING, i % 100)
    for (let i = 0; i < 5_000; i += 2) table.remove(2 ** 40 + i)
    assert.equal(table.count, 2_500)
    for (let i = 0; i < 5_000; i++) {
      const slot = table.find(2 ** 40 + i)
      assert.equal(slot !== -1, i % 2 === 1)
      if (slot !== -1) assert.equal(table.cells.attempts[slot], i % 100)
    }
    for (let i = 1; i < 5_000; i += 2) table.remove(2 ** 40 + i)
    assert.equal(table.count, 0)
    assert.equal(table.find(2 ** 40 + 1), -1)
    assert.equal(table.hasIn(0, Infinity), false)
  }
})

test('an empty table finds nothing and can be cleared', () => {
  const table = new Stragglers()
  assert.equal(table.find(0), -1)
  table.remove(0)
  table.clear()
  table.add(0, WAITING, 1)
  table.clear()
  assert.equal(table.count, 0)
  assert.equal(table.find(0), -1)
})
