import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { Holes } from '../src/log/holes.ts'

const SPACE = 60

const place = fc.nat({ max: SPACE })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('add'), place, place) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('dropBelow'), place, place) },
)

/** The ranges of a set, end exclusive. */
function rangesOf(set: ReadonlySet<number>): [number, number][] {
  const ranges: [number, number][] = []
  for (let i = 0; i <= SPACE; i++) {
    if (!set.has(i)) continue
    const last = ranges.at(-1)
    if (last?.[1] === i) last[1] += 1
    else ranges.push([i, i + 1])
  }
  return ranges
}

function assertSame(holes: Holes, set: ReadonlySet<number>): void {
  assert.deepEqual(holes.ranges(), rangesOf(set))
  for (let i = 0; i <= SPACE; i++) {
    let skipped = i
    while (set.has(skipped)) skipped += 1
    assert.equal(holes.skip(i), skipped)
    const next = [...set].filter((n) => n >= i)
    assert.equal(holes.nextFrom(i), next.length === 0 ? Infinity : Math.min(...next))
  }
  for (let from = 0; from <= SPACE; from += 7) {
    for (let to = 0; to <= SPACE; to += 5) {
      const expected = [...set].filter((n) => n >= from && n < to).length
      assert.equal(holes.countIn(from, to), expected)
    }
  }
}

test('holes are a set of sequence numbers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const holes = new Holes()
      const set = new Set<number>()
      for (const [kind, a, b] of steps) {
        if (kind === 'add') {
          holes.add(a, b)
          for (let i = a; i < b; i++) set.add(i)
          continue
        }
        holes.dropBelow(a)
        // A range that reaches past stays whole.
        for (const [from, to] of rangesOf(set)) {
          if (to <= a) for (let i = from; i < to; i++) set.delete(i)
        }
      }
      assertSame(holes, set)
    }),
    { numRuns: 300 },
  )
})

test('neighbours become one range', () => {
  const holes = new Holes()
  holes.add(10, 20)
  holes.add(30, 40)
  holes.add(20, 30)
  assert.deepEqual(holes.ranges(), [[10, 40]])
  holes.add(40, 41)
  holes.add(9, 10)
  holes.add(15, 16)
  assert.deepEqual(holes.ranges(), [[9, 41]])
})
