import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { DeadlineQueue, NumberQueue, TimeHeap } from '../src/queues.ts'

/** Past the size at which the queues give their memory back. */
const MANY = 3_000

test('a number queue gives back what it got, oldest first', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ push: fc.nat({ max: MANY }) }) },
      { weight: 5, arbitrary: fc.record({ shift: fc.nat({ max: MANY }) }) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new NumberQueue()
      let model: number[] = []
      let next = 2 ** 40
      for (const step of all) {
        if (step === 'clear') {
          queue.clear()
          model = []
        } else if ('push' in step) {
          for (let i = 0; i < step.push; i++) {
            queue.push(next)
            model.push(next++)
          }
        } else {
          const count = Math.min(step.shift, model.length)
          if (count > 0) assert.equal(queue.peek(), model[0])
          for (const expected of model.splice(0, count)) assert.equal(queue.shift(), expected)
        }
        assert.equal(queue.length, model.length)
      }
    }),
  )
})

test('a time heap gives back the earliest first', () => {
  const times = fc.array(fc.nat({ max: 500 }), { maxLength: MANY, size: 'max' })
  fc.assert(
    fc.property(times, fc.nat(10), (all, popEvery) => {
      const heap = new TimeHeap()
      const model = new Map<number, number>()
      const popOne = (): void => {
        const earliest = Math.min(...model.values())
        assert.equal(heap.peekTime(), earliest)
        const sequence = heap.pop()
        assert.equal(model.get(sequence), earliest)
        model.delete(sequence)
      }
      for (const [sequence, time] of all.slice(0, 300).entries()) {
        heap.push(time, sequence)
        model.set(sequence, time)
        if (popEvery > 0 && sequence % popEvery === 0) popOne()
      }
      assert.equal(heap.length, model.size)
      const entries = new Map<number, number>()
      heap.forEach((time, sequence) => entries.set(sequence, time))
      assert.deepEqual([...entries].toSorted(byKey), [...model].toSorted(byKey))
      while (model.size > 0) popOne()
      assert.equal(heap.length, 0)
      assert.equal(heap.peekTime(), Infinity)
    }),
    { numRuns: 30 },
  )
})

test('a time heap that was large works on after it emptied', () => {
  const heap = new TimeHeap()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < MANY; i++) heap.push((i * 7_919) % MANY, i)
    for (let i = 0; i < MANY; i++) assert.equal((heap.pop() * 7_919) % MANY, i)
    assert.equal(heap.peekTime(), Infinity)
  }
  for (let i = 0; i < MANY; i++) heap.push(i, i)
  heap.clear()
  assert.equal(heap.length, 0)
  heap.push(5, 1)
  assert.equal(heap.pop(), 1)
})

test('a time heap keeps a sequence number as often as it was given', () => {
  const heap = new TimeHeap()
  heap.push(20, 7)
  heap.push(10, 7)
  heap.push(30, 7)
  assert.deepEqual([heap.peekTime(), heap.pop()], [10, 7])
  assert.deepEqual([heap.peekTime(), heap.pop()], [20, 7])
  assert.deepEqual([heap.peekTime(), heap.pop()], [30, 7])
})

test('deadlines come due in order, never early and at most 10 ms late', () => {
  const deliveries = fc.array(
    fc.record({
      later: fc.nat({ max: 15 }),
      skip: fc.boolean(),
      count: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 200, size: 'max' },
  )
  fc.assert(
    fc.property(deliveries, fc.nat(5), (all, shiftEvery) => {
      const queue = new DeadlineQueue()
      const deadlines = new Map<number, number>()
      let deadline = 1_000
      let sequence = 1
      const shiftOne = (): void => {
        const fires = queue.peekTime()
        for (let due = queue.peekFrom(); due < queue.peekTo(); due++) {
          const wanted = deadlines.get(due)!
          assert.ok(fires >= wanted && fires <= wanted + 10, `${due} fires at ${fires}`)
          assert.ok(deadlines.delete(due))
        }
        queue.shift()
        assert.ok(queue.peekTime() >= fires)
      }
      for (const [i, { later, skip, count }] of all.entries()) {
        deadline += later
        if (skip) sequence += 3
        queue.push(deadline, sequence, sequence + count)
        for (let at = sequence; at < sequence + count; at++) deadlines.set(at, deadline)
        sequence += count
        if (shiftEvery > 0 && i % shiftEvery === 0 && queue.length > 0) shiftOne()
      }
      while (queue.length > 0) shiftOne()
      assert.equal(deadlines.size, 0)
      assert.equal(queue.peekTime(), Infinity)
    }),
  )
})

test('deliveries of neighbours within a few milliseconds share a record', () => {
  const queue = new DeadlineQueue()
  for (let i = 0; i < 100; i++) queue.push(1_000 + i * 0.1, i, i + 1)
  assert.equal(queue.length, 1)
  assert.deepEqual([queue.peekTime(), queue.peekFrom(), queue.peekTo()], [1_010, 0, 100])
  queue.push(1_010.1, 100, 101)
  assert.equal(queue.length, 2)
  queue.push(1_010.2, 102, 103)
  assert.equal(queue.length, 3)
})

test('compaction keeps the live records in order and waits until as many have gathered again', () => {
  const queue = new DeadlineQueue()
  let count = 0
  // With the start of the ring not at its beginning.
  for (; count < 100; count++) queue.push(count * 20, count * 2, count * 2 + 1)
  for (let i = 0; i < 100; i++) queue.shift()
  while (!queue.wantsCompaction()) {
    queue.push(count * 20, count * 2, count * 2 + 1)
    count += 1
  }
  assert.equal(queue.length, 4_096)
  queue.compact((fires, from, to) => {
    assert.equal(to, from + 1)
    assert.equal(fires, from * 10 + 10)
    return from % 6 === 0
  })
  assert.equal(queue.wantsCompaction(), false)
  const kept = queue.length
  let last = -1
  for (let i = 0; i < kept; i++) {
    assert.equal(queue.peekFrom() % 6, 0)
    assert.ok(queue.peekFrom() > last)
    last = queue.peekFrom()
    queue.shift()
  }
  assert.equal(queue.peekTime(), Infinity)
})

function byKey(a: [number, number], b: [number, number]): number {
  return a[0] - b[0]
}
