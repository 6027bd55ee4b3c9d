import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { inRounds, NotDelivered, retryWaitMs } from '../../src/delivery/delivery.ts'
import { HostPool } from '../../src/delivery/host-pool.ts'
import { Outlets, type Outlet } from '../../src/delivery/outlets.ts'
import { RoundRobin } from '../../src/delivery/pool.ts'
import { ToAll } from '../../src/delivery/to-all.ts'
import { ToOne } from '../../src/delivery/to-one.ts'

const NEVER = new AbortController().signal
const CONCURRENCY = 4

/** Takes messages, refuses them, or lets them wait, as it is told. */
class FakeOutlet implements Outlet<string> {
  readonly name: string
  readonly taken: string[] = []
  attempts = 0
  mode: 'take' | 'refuse' | 'stall' = 'take'
  readonly #stalled: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  async send(message: string): Promise<void> {
    this.attempts++
    if (this.mode === 'refuse') throw new Error(`${this.name} refuses`)
    if (this.mode === 'stall') await new Promise<void>((resolve) => this.#stalled.push(resolve))
    this.taken.push(message)
  }

  release(): void {
    for (const go of this.#stalled.splice(0)) go()
  }
}

function outletsOf(all: readonly FakeOutlet[], concurrency = CONCURRENCY): Outlets<string> {
  return new Outlets(all, concurrency, { onSent: () => {}, onFailed: () => {} })
}

function fakes(count: number): FakeOutlet[] {
  return Array.from({ length: count }, (_, index) => new FakeOutlet(`outlet ${index}`))
}

function isOwed(error: unknown): boolean {
  return error instanceof NotDelivered && error.isPartly
}

void suite('delivery to one', () => {
  void test('what one does not take goes to the next at once', async () => {
    const [first, second] = fakes(2) as [FakeOutlet, FakeOutlet]
    first.mode = 'refuse'
    const delivery = new ToOne({
      outlets: outletsOf([first, second]),
      pool: new HostPool({ size: 2 }),
      retries: 0,
    })
    for (const message of ['a', 'b', 'c']) await delivery.deliver(message, message, NEVER)
    assert.deepEqual(second.taken, ['a', 'b', 'c'])
    assert.equal(first.attempts, 1, 'it is dead after its first failure')
  })

  void test('what nobody takes goes back, after each was tried once', async () => {
    const all = fakes(3)
    for (const one of all) one.mode = 'refuse'
    const pool = new RoundRobin({ size: 3 })
    const delivery = new ToOne({ outlets: outletsOf(all), pool, retries: 0 })
    await assert.rejects(delivery.deliver('a', 'a', NEVER), (error) => {
      assert.ok(error instanceof NotDelivered)
      assert.equal(error.isPartly, false)
      return true
    })
    assert.deepEqual(
      all.map(({ attempts }) => attempts),
      [1, 1, 1],
    )
  })

  void test('one that stalls keeps no more than its share of the handlers', async () => {
    const [slow, fast] = fakes(2) as [FakeOutlet, FakeOutlet]
    slow.mode = 'stall'
    const delivery = new ToOne({
      outlets: outletsOf([slow, fast]),
      pool: new RoundRobin({ size: 2 }),
      retries: 0,
    })
    const pending: Promise<void>[] = []
    let settled = 0
    for (let i = 0; i < 40; i++) {
      pending.push(delivery.deliver(`m${i}`, `m${i}`, NEVER).then(() => void settled++))
      await new Promise(setImmediate)
    }
    assert.equal(slow.attempts, CONCURRENCY / 2)
    assert.equal(settled, 40 - CONCURRENCY / 2)
    slow.release()
    await Promise.all(pending)
    assert.equal(slow.taken.length + fast.taken.length, 40)
  })
})

void suite('delivery to all', () => {
  void test('everyone gets every message, all at once', async () => {
    const [slow, fast] = fakes(2) as [FakeOutlet, FakeOutlet]
    slow.mode = 'stall'
    const delivery = new ToAll({ outlets: outletsOf([slow, fast]), retries: 0 })
    const pending = delivery.deliver('a', 'a', NEVER)
    await new Promise(setImmediate)
    assert.deepEqual(fast.taken, ['a'], 'it does not wait for the one before it')
    slow.release()
    await pending
    assert.deepEqual(slow.taken, ['a'])
  })

  void test('when it comes again a message goes only to those that owe it', async () => {
    const [good, bad] = fakes(2) as [FakeOutlet, FakeOutlet]
    bad.mode = 'refuse'
    let nowMs = 0
    const delivery = new ToAll({
      outlets: outletsOf([good, bad]),
      retries: 0,
      now: () => nowMs,
    })
    await assert.rejects(delivery.deliver('a', 'a', NEVER), isOwed)
    bad.mode = 'take'
    await assert.rejects(delivery.deliver('a', 'a', NEVER), 'it is dead for now')
    assert.equal(bad.attempts, 1)
    nowMs = 30_000
    await delivery.deliver('a', 'a', NEVER)
    assert.deepEqual(good.taken, ['a'])
    assert.deepEqual(bad.taken, ['a'])
    await delivery.deliver('b', 'b', NEVER)
    assert.deepEqual(bad.taken, ['a', 'b'], 'alive again')
  })

  void test('with none that takes it there is a reason to slow down', async () => {
    const all = fakes(2)
    for (const one of all) one.mode = 'refuse'
    const delivery = new ToAll({ outlets: outletsOf(all), retries: 0 })
    for (let round = 1; round <= 2; round++) {
      await assert.rejects(
        delivery.deliver('a', 'a', NEVER),
        (error) => error instanceof NotDelivered && !error.isPartly,
      )
      assert.equal(all[0]?.attempts, round, 'the dead are tried while there is nobody else')
    }
  })

  void test('one that is slow and full is passed over while others go on', async () => {
    const [slow, fast] = fakes(2) as [FakeOutlet, FakeOutlet]
    slow.mode = 'stall'
    const outlets = outletsOf([slow, fast])
    const delivery = new ToAll({ outlets, retries: 0, slowMs: 10 })
    // As many as can be under way: all are stuck, until nobody waits for the slow one any more.
    const first = ['a', 'b', 'c', 'd']
    await Promise.all(
      first.map((message) => assert.rejects(delivery.deliver(message, message, NEVER), isOwed)),
    )
    await assert.rejects(delivery.deliver('e', 'e', NEVER), isOwed)
    assert.deepEqual(fast.taken, [...first, 'e'])
    assert.equal(slow.attempts, 4, 'it gets no more while it is stuck')
    await assert.rejects(delivery.deliver('a', 'a', NEVER), isOwed)
    assert.equal(slow.attempts, 4, 'what it is being sent is not sent again')
    slow.release()
    slow.mode = 'take'
    await new Promise(setImmediate)
    for (const message of [...first, 'e']) await delivery.deliver(message, message, NEVER)
    assert.deepEqual(slow.taken, [...first, 'e'], 'what it took late is not sent again')
    assert.deepEqual(fast.taken, [...first, 'e'])
  })
})

void suite('rounds of attempts', () => {
  void test('are as many as were asked for, and one', async () => {
    let rounds = 0
    const failing = inRounds(1, NEVER, () => {
      rounds++
      return Promise.reject(new Error('no'))
    })
    await assert.rejects(failing, /no/)
    assert.equal(rounds, 2)
  })

  void test('end when told to stop, without waiting', async () => {
    const stop = new AbortController()
    const failing = inRounds(1_000, stop.signal, () => Promise.reject(new Error('no')))
    stop.abort()
    await assert.rejects(failing, /no/)
  })

  void test('wait twice as long each time, up to 10 s, with some chance in it', () => {
    const longest = Array.from({ length: 8 }, (_, failures) => retryWaitMs(failures, () => 1))
    assert.deepEqual(longest, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
    assert.equal(
      retryWaitMs(0, () => 0),
      125,
    )
  })
})
