import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  animatedCount,
  counterDelayMs,
  NO_RATES,
  nextRates,
  rateBetween,
} from '../src/lib/rates.ts'
import { isDueOnSample, parseRefresh, timerMs } from '../src/lib/refresh.ts'

describe('rates', () => {
  it('are differences per second', () => {
    assert.equal(rateBetween({ value: 100, at: 1000 }, { value: 150, at: 3000 }), 25)
    assert.equal(rateBetween({ value: 100, at: 1000 }, { value: 100, at: 3000 }), 0)
  })

  it('are unknown when a counter began anew or no time went by', () => {
    assert.equal(rateBetween({ value: 100, at: 1000 }, { value: 5, at: 3000 }), undefined)
    assert.equal(rateBetween({ value: 100, at: 1000 }, { value: 105, at: 1000 }), undefined)
  })

  it('are kept by key, and forgotten with it', () => {
    const first = nextRates(
      NO_RATES,
      new Map([
        ['a', 10],
        ['b', 10],
      ]),
      1000,
    )
    assert.equal(first.rates.size, 0)
    const second = nextRates(
      first,
      new Map([
        ['a', 30],
        ['c', 7],
      ]),
      2000,
    )
    assert.deepEqual([...second.rates], [['a', 20]])
    assert.deepEqual([...second.readings.keys()], ['a', 'c'])
  })
})

describe('the counter', () => {
  it('asks less and less often, then steadily', () => {
    assert.deepEqual([1, 2, 10, 11, 500].map(counterDelayMs), [1100, 2100, 10_100, 10_100, 10_100])
  })

  it('runs towards the real count and never beyond, nor back', () => {
    assert.equal(animatedCount(100, 200, 50, 1000), 150)
    assert.equal(animatedCount(100, 200, 50, 60_000), 200)
    assert.equal(animatedCount(100, 40, 50, 1000), 40)
  })
})

describe('refresh', () => {
  it('takes the choices there are', () => {
    const chosen = [null, '', '0', '1', '30', '7', 'x'].map(parseRefresh)
    assert.deepEqual(chosen, [5, 5, 0, 1, 30, 5, 5])
  })

  it('asks on the first sample after the time that was chosen', () => {
    assert.equal(isDueOnSample(10, 5000), false)
    assert.equal(isDueOnSample(10, 9900), true)
    assert.equal(isDueOnSample(0, 1e9), false)
  })

  it('has a timer where samples do not come, and none when off', () => {
    assert.equal(timerMs(0, true), undefined)
    assert.equal(timerMs(1, true), 1000)
    assert.equal(timerMs(5, false), 5000)
    assert.equal(timerMs(5, true), 6000)
  })
})
