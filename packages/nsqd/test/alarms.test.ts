import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { Alarms, type Sleeper } from '../src/alarms.ts'
import { FakeClock } from './support/fake-clock.ts'

/** Is to be woken at certain times; notes when it was. */
class Dreamer implements Sleeper {
  alarmAt = Infinity
  alarmSlot = -1
  readonly wakes: number[] = []
  readonly #times: number[] = []
  readonly #alarms: Alarms

  constructor(alarms: Alarms) {
    this.#alarms = alarms
  }

  sleepUntil(time: number): void {
    this.#times.push(time)
    this.#times.sort((a, b) => a - b)
    this.#alarms.set(this, time)
  }

  wake(now: number): number {
    while (this.#times.length > 0 && this.#times[0]! <= now) this.wakes.push(this.#times.shift()!)
    return this.#times[0] ?? Infinity
  }
}

test('whoever sleeps is woken at each of its times, in order', () => {
  const clock = new FakeClock()
  const alarms = new Alarms(clock)
  const late = new Dreamer(alarms)
  const early = new Dreamer(alarms)
  late.sleepUntil(300)
  late.sleepUntil(100)
  early.sleepUntil(50)
  clock.advance(49)
  assert.deepEqual([early.wakes, late.wakes], [[], []])
  clock.advance(1)
  assert.deepEqual([early.wakes, late.wakes], [[50], []])
  clock.advance(100)
  assert.deepEqual(late.wakes, [100])
  clock.advance(149)
  assert.deepEqual(late.wakes, [100])
  clock.advance(1)
  assert.deepEqual(late.wakes, [100, 300])
  assert.equal(clock.pending, 0)
})

test('one timer serves all, and none is set while nobody sleeps', () => {
  const clock = new FakeClock()
  const alarms = new Alarms(clock)
  assert.equal(clock.pending, 0)
  const sleepers = Array.from({ length: 100 }, () => new Dreamer(alarms))
  for (const [i, sleeper] of sleepers.entries()) sleeper.sleepUntil(1_000 - i)
  assert.equal(clock.pending, 1)
  clock.advance(1_000)
  assert.equal(clock.pending, 0)
  for (const [i, sleeper] of sleepers.entries()) assert.deepEqual(sleeper.wakes, [1_000 - i])
})

test('whoever was dropped is not woken, unless it asks again', () => {
  const clock = new FakeClock()
  const alarms = new Alarms(clock)
  const sleeper = new Dreamer(alarms)
  sleeper.sleepUntil(10)
  alarms.drop(sleeper)
  assert.equal(alarms.size, 0)
  clock.advance(20)
  assert.deepEqual(sleeper.wakes, [])
  sleeper.sleepUntil(30)
  clock.advance(10)
  assert.deepEqual(sleeper.wakes, [10, 30])
})

test('a sleeper that asks while it is woken is woken again', () => {
  const clock = new FakeClock()
  const alarms = new Alarms(clock)
  const wakes: number[] = []
  const sleeper: Sleeper = {
    alarmAt: Infinity,
    alarmSlot: -1,
    wake(now) {
      wakes.push(now)
      if (wakes.length < 4) alarms.set(sleeper, now + 5)
      return now + 7
    },
  }
  alarms.set(sleeper, 1)
  clock.advance(16)
  assert.deepEqual(wakes, [1, 6, 11, 16])
})

test('nothing is woken after closing', () => {
  const clock = new FakeClock()
  const alarms = new Alarms(clock)
  const sleeper = new Dreamer(alarms)
  sleeper.sleepUntil(10)
  alarms.close()
  clock.advance(20)
  assert.deepEqual(sleeper.wakes, [])
  assert.equal(clock.pending, 0)
})

test('a far alarm that nearer ones overtake again and again is kept once', () => {
  const clock = new FakeClock()
  const alarms = new Alarms(clock)
  const sleeper = new Dreamer(alarms)
  sleeper.sleepUntil(100_000)
  for (let i = 0; i < 500; i++) {
    sleeper.sleepUntil(clock.now() + 10)
    clock.advance(10)
  }
  assert.equal(sleeper.wakes.length, 500)
  assert.equal(alarms.size, 1)
  clock.advance(100_000)
  assert.equal(sleeper.wakes.length, 501)
})

test('every time asked for is met exactly, whatever the order', () => {
  const step = fc.oneof(
    fc.record({ who: fc.nat(3), inMs: fc.nat(50) }),
    fc.record({ advance: fc.nat(30) }),
    fc.record({ drop: fc.nat(3) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const clock = new FakeClock()
      const alarms = new Alarms(clock)
      const sleepers = Array.from({ length: 4 }, () => new Dreamer(alarms))
      const asked: number[][] = [[], [], [], []]
      for (const one of steps) {
        if ('advance' in one) {
          clock.advance(one.advance)
        } else if ('drop' in one) {
          alarms.drop(sleepers[one.drop]!)
          sleepers[one.drop] = new Dreamer(alarms)
          asked[one.drop] = []
        } else {
          const time = clock.now() + one.inMs
          sleepers[one.who]!.sleepUntil(time)
          asked[one.who]!.push(time)
        }
        for (const [who, times] of asked.entries()) {
          const due = times.filter((time) => time < clock.now()).toSorted((a, b) => a - b)
          assert.deepEqual(sleepers[who]!.wakes.slice(0, due.length), due)
        }
      }
      clock.advance(100)
      for (const [who, times] of asked.entries()) {
        assert.deepEqual(
          sleepers[who]!.wakes,
          times.toSorted((a, b) => a - b),
        )
      }
    }),
  )
})
