import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Random } from '@tsq/testing'

test('the same seed gives the same numbers', () => {
  const [one, other] = [new Random(7), new Random(7)]
  const many = Array.from({ length: 100 }, () => one.next())
  const again = Array.from({ length: 100 }, () => other.next())
  assert.deepEqual(again, many)
  assert.equal(new Set(many).size, 100)
})

test('whole numbers stay within their bounds and reach them', () => {
  const random = new Random(1)
  const drawn = new Set(Array.from({ length: 1_000 }, () => random.between(3, 6)))
  assert.deepEqual(drawn, new Set([3, 4, 5, 6]))
})

test('what has no weight is never picked', () => {
  const random = new Random(2)
  const weights = [
    [0, 'never'],
    [1, 'seldom'],
    [9, 'often'],
  ] as const
  const drawn = Array.from({ length: 1_000 }, () => random.weighted(weights))
  assert.ok(!drawn.includes('never'))
  assert.ok(drawn.filter((one) => one === 'often').length > 800)
})

test('nothing cannot be picked from', () => {
  assert.throws(() => new Random(3).pick([]), /nothing to pick from/)
  assert.throws(() => new Random(3).weighted([]), /nothing to pick from/)
})
