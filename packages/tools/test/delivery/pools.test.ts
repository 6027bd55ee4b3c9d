import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { EpsilonGreedy, ResponseTimes } from '../../src/delivery/epsilon-greedy.ts'
import { HostPool } from '../../src/delivery/host-pool.ts'
import { RoundRobin, type Pool } from '../../src/delivery/pool.ts'
import { poolOf } from '../../src/delivery/pools.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

const any = (): boolean => true

function picks(pool: Pool, count: number, isOpen: (index: number) => boolean = any): unknown[] {
  return Array.from({ length: count }, () => pool.pick(isOpen))
}

/** How many random numbers an epsilon-greedy pool draws for so many picks, when they are all the same. */
function draws(random: number, count: number): number {
  let drawn = 0
  const pool = new EpsilonGreedy({ size: 2, random: () => (drawn++, random) })
  pool.succeeded(0, 1)
  picks(pool, count)
  return drawn
}

class Clock {
  ms = 0
  readonly now = (): number => this.ms
}

void suite('round robin', () => {
  void test('begins with the second and goes round', () => {
    assert.deepEqual(picks(new RoundRobin({ size: 3 }), 5), [1, 2, 0, 1, 2])
  })

  void test('passes over what is not open, and has nothing when none is', () => {
    const pool = new RoundRobin({ size: 2 })
    assert.deepEqual(
      picks(pool, 3, (index) => index === 0),
      [0, 0, 0],
    )
    assert.equal(
      pool.pick(() => false),
      undefined,
    )
  })
})

void suite('the host pool', () => {
  void test('begins with the first and goes round', () => {
    assert.deepEqual(picks(new HostPool({ size: 3 }), 4), [0, 1, 2, 0])
  })

  void test('leaves out what failed, for 30 s, and then tries it once', () => {
    const clock = new Clock()
    const pool = new HostPool({ size: 2, now: clock.now })
    pool.failed(0)
    assert.deepEqual(picks(pool, 2), [1, 1])
    clock.ms = 30 * SECOND_MS
    assert.deepEqual(picks(pool, 3), [0, 1, 1])
  })

  void test('waits twice as long after every try that fails, up to 15 minutes', () => {
    const clock = new Clock()
    const pool = new HostPool({ size: 2, now: clock.now })
    pool.failed(0)
    const pauses: number[] = []
    let triedAt = 0
    while (pauses.length < 7) {
      clock.ms += SECOND_MS
      if (pool.pick((index) => index === 0) === undefined) continue
      pool.failed(0)
      pauses.push((clock.ms - triedAt) / SECOND_MS)
      triedAt = clock.ms
    }
    assert.deepEqual(pauses, [30, 60, 120, 240, 480, 900, 900])
  })

  void test('takes back what succeeds, with its first pause', () => {
    const clock = new Clock()
    const pool = new HostPool({ size: 2, now: clock.now })
    pool.failed(0)
    clock.ms = 30 * SECOND_MS
    assert.equal(pool.pick(any), 0)
    pool.succeeded(0)
    assert.deepEqual(picks(pool, 2), [1, 0])
    pool.failed(0)
    clock.ms += 30 * SECOND_MS
    assert.ok(picks(pool, 2).includes(0))
  })

  void test('with all of them dead revives all and uses the first', () => {
    const pool = new HostPool({ size: 3 })
    for (const index of [0, 1, 2]) pool.failed(index)
    assert.deepEqual(picks(pool, 2), [0, 0])
    assert.equal(pool.isDead(2), false)
  })
})

void suite('epsilon-greedy', () => {
  void test('chooses by speed: twice as fast, twice as often', () => {
    const clock = new Clock()
    let drawn = 0
    // Never explores; the draws go evenly over all that can be drawn.
    const random = (): number => {
      drawn++
      return drawn % 2 === 1 ? 0.999 : ((drawn / 2) % 30) / 30
    }
    const pool = new EpsilonGreedy({ size: 2, now: clock.now, random })
    pool.succeeded(0, 10)
    pool.succeeded(1, 20)
    const chosen = picks(pool, 30)
    assert.equal(chosen.filter((index) => index === 0).length, 20)
    assert.equal(chosen.filter((index) => index === 1).length, 10)
  })

  void test('explores less and less, down to one in a hundred', () => {
    // Exploring takes one draw, choosing by speed a second. 0.3 is below 0.2 after four times 0.9.
    assert.equal(draws(0.2, 10), 4 + 6 * 2)
    assert.equal(draws(0.0099, 200), 200)
  })

  void test('leaves out the dead, and without any times goes round', () => {
    const pool = new EpsilonGreedy({ size: 2, random: () => 0.5 })
    assert.deepEqual(picks(pool, 3), [0, 1, 0])
    pool.succeeded(0, 5)
    pool.succeeded(1, 5)
    pool.failed(0)
    assert.deepEqual(picks(pool, 3), [1, 1, 1])
  })

  void test('response times weigh less as they get older and are forgotten after five minutes', () => {
    const times = new ResponseTimes()
    assert.equal(times.weighted(0), 0)
    times.add(100, 0)
    const fresh = times.weighted(0)
    times.add(10, MINUTE_MS)
    const later = times.weighted(MINUTE_MS)
    assert.ok(fresh > 0 && fresh <= 100)
    // What came first still counts for the minute in which nothing else came.
    assert.ok(later > times.weighted(4 * MINUTE_MS) / 10)
    assert.equal(times.weighted(7 * MINUTE_MS), 0)
  })
})

void test('--mode names the pools; any other word names none', () => {
  assert.ok(poolOf('round-robin', { size: 1 }) instanceof RoundRobin)
  assert.ok(poolOf('hostpool', { size: 1 }) instanceof HostPool)
  assert.ok(poolOf('epsilon-greedy', { size: 1 }) instanceof EpsilonGreedy)
  assert.equal(poolOf('multicast', { size: 1 }), undefined)
})
