import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import * as fc from 'fast-check'

import { Histogram } from '../src/histogram.ts'
import { LatencyWindow } from '../src/stats/latency-window.ts'
import { FakeClock } from './support/fake-clock.ts'

const NS_PER_MS = 1e6
const durationMs = fc.double({ min: 0.002, max: 1e9, noNaN: true })

describe('a histogram', () => {
  it('tells any quantile to within one percent', () => {
    fc.assert(
      fc.property(
        fc.array(durationMs, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (values, quantile) => {
          const histogram = new Histogram()
          for (const value of values) histogram.record(value)
          const rank = Math.max(1, Math.ceil(values.length * quantile))
          const exact = values.toSorted((a, b) => a - b)[rank - 1]! * NS_PER_MS
          const told = histogram.quantileNs(quantile)
          assert.ok(Math.abs(told - exact) <= exact * 0.01, `${told} instead of ${exact}`)
        },
      ),
    )
  })

  it('counts what does not exceed a bound, in ascending order', () => {
    const histogram = new Histogram()
    for (const value of [0.5, 0.7, 3, 3, 80, 4_000]) histogram.record(value)
    assert.deepEqual(histogram.countsUpTo([0.1, 1, 5, 100, 10_000]), [0, 2, 4, 5, 6])
    assert.equal(histogram.sumMs, 4_087.2)
  })

  it('keeps values outside of its range at its ends', () => {
    const histogram = new Histogram()
    for (const value of [-5, 0, 1e-9]) histogram.record(value)
    assert.ok(histogram.quantileNs(1) < 1_100)
    histogram.record(Infinity)
    assert.ok(histogram.quantileNs(1) > 8e15)
    assert.equal(histogram.count, 4)
  })

  it('is zero when empty', () => {
    assert.equal(new Histogram().quantileNs(0.99), 0)
  })
})

describe('a latency window', () => {
  it('covers the half being filled and the one before', () => {
    const clock = new FakeClock()
    const window = new LatencyWindow(clock, 1_000)
    window.record(clock.now() - 10)
    clock.advance(600)
    window.record(clock.now() - 20)
    assert.equal(window.recent().count, 2)
    clock.advance(500)
    assert.equal(window.recent().count, 1)
    clock.advance(500)
    assert.equal(window.recent().count, 0)
    assert.equal(window.total().count, 2)
  })

  it('forgets all of it after a long silence, but not the total', () => {
    const clock = new FakeClock()
    const window = new LatencyWindow(clock, 1_000)
    for (let i = 0; i < 5; i++) window.record(clock.now() - 3)
    clock.advance(100_000)
    assert.equal(window.recent().count, 0)
    assert.deepEqual(window.total().countsUpTo([1, 10]), [0, 5])
  })
})
