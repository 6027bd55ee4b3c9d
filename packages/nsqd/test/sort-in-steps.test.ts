import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { sortInSteps } from '../src/sort-in-steps.ts'

function sorted(numbers: Float64Array): { result: Float64Array; pauses: number } {
  const steps = sortInSteps(numbers)
  for (let pauses = 0; ; pauses++) {
    const step = steps.next()
    if (step.done === true) return { result: step.value, pauses }
  }
}

/** Around the size of a step and of a few of them, where the merging changes its shape. */
const lengths = fc.oneof(
  fc.nat({ max: 5 }),
  fc.tuple(fc.nat({ max: 9 }), fc.integer({ min: -2, max: 2 })).map(([steps, off]) => {
    return Math.max(steps * 8_192 + off, 0)
  }),
)

test('numbers are sorted, whatever their count', () => {
  fc.assert(
    fc.property(lengths, fc.integer(), (length, seed) => {
      // Spread without order, with neighbours and repetitions among them.
      const numbers = Float64Array.from({ length }, (_, i) => {
        return (Math.imul(i + 1, 0x9e3779b1) ^ seed) >>> (i % 3)
      })
      const expected = numbers.toSorted()
      assert.deepEqual(sorted(numbers).result, expected)
    }),
    { numRuns: 60 },
  )
})

test('there is a pause after every few thousand numbers', () => {
  const { pauses } = sorted(Float64Array.from({ length: 100_000 }, (_, i) => 100_000 - i))
  // Once to sort its runs, and as often again as their count can be doubled.
  assert.ok(pauses >= 5 * (100_000 / 8_192), `${pauses} pauses`)
})
