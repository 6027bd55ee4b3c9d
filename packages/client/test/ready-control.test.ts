import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { exponentialBackoff, fullJitterBackoff } from '../src/backoff.ts'
import { ReadyControl, type ReadyPeer, type ReadySettings } from '../src/ready-control.ts'
import { FakeClock } from './support/fake-clock.ts'

class FakePeer implements ReadyPeer {
  maxRdyCount = 2_500
  roundTripMs = 0
  inFlight = 0
  readonly sent: number[] = []
  readonly #onSend: (peer: FakePeer) => void

  constructor(onSend: (peer: FakePeer) => void = () => {}) {
    this.#onSend = onSend
  }

  get ready(): number {
    return this.sent.at(-1) ?? 0
  }

  sendReady(count: number): void {
    this.sent.push(count)
    this.#onSend(this)
  }
}

interface Rig {
  readonly clock: FakeClock
  readonly control: ReadyControl
  readonly peers: FakePeer[]
  readonly events: string[]
  readonly total: () => number
}

/** A control with so many peers; after every RDY sent the sum is checked. */
function rig(count: number, given: Partial<ReadySettings> = {}): Rig {
  const clock = new FakeClock()
  const events: string[] = []
  const settings = {
    maxInFlight: 1,
    maxBackoffMs: 120_000,
    readyCycleMs: 700,
    strategy: exponentialBackoff(),
    ...given,
  }
  const control = new ReadyControl(clock, settings, {
    onBackoff: (level, durationMs) => events.push(`backoff ${level} ${durationMs}`),
    onResume: () => events.push('resume'),
  })
  const peers: FakePeer[] = []
  const total = (): number => peers.reduce((sum, peer) => sum + peer.ready, 0)
  const check = (peer: FakePeer): void => {
    const isRaise = peer.ready > (peer.sent.at(-2) ?? 0)
    if (isRaise) assert.ok(control.totalReady <= control.maxInFlight)
  }
  for (let i = 0; i < count; i++) peers.push(new FakePeer(check))
  for (const peer of peers) control.add(peer)
  return { clock, control, peers, events, total }
}

void test('every connection has its share, the first ones the remainder', () => {
  assert.deepEqual(
    rig(3, { maxInFlight: 11 }).peers.map((peer) => peer.ready),
    [4, 4, 3],
  )
  const even = rig(2, { maxInFlight: 100 })
  assert.deepEqual(
    even.peers.map((peer) => peer.ready),
    [50, 50],
  )
  even.control.remove(even.peers[0]!)
  assert.equal(even.peers[1]?.ready, 100)
})

void test('a share is never above what the server allows, and not sent twice', () => {
  const { control, peers } = rig(1, { maxInFlight: 5_000 })
  assert.deepEqual(peers[0]?.sent, [2_500])
  control.setMaxInFlight(4_000)
  assert.deepEqual(peers[0].sent, [2_500])
})

void test('others go down before a new connection goes up', () => {
  const order: string[] = []
  const { control, peers } = rig(1, { maxInFlight: 10 })
  const first = peers[0]!
  const second = new FakePeer(() => order.push(`${first.ready} ${second.ready}`))
  control.add(second)
  assert.deepEqual(order, ['5 5'])
})

void test('maxInFlight may change at run time, and 0 pauses', () => {
  const { control, peers, total } = rig(2, { maxInFlight: 4 })
  control.setMaxInFlight(0)
  assert.equal(total(), 0)
  control.setMaxInFlight(10)
  assert.deepEqual(
    peers.map((peer) => peer.ready),
    [5, 5],
  )
  control.pause()
  assert.equal(total(), 0)
  control.resume()
  assert.equal(total(), 10)
})

void test('backs off level by level, and leaves it success by success', () => {
  const { clock, control, events, total } = rig(1, { maxInFlight: 5 })
  const fail = (): void => control.onOutcome('failure')
  fail()
  assert.equal(total(), 0)
  // Only one result counts while nothing is delivered.
  fail()
  control.onOutcome('success')
  clock.advance(1_999)
  assert.equal(total(), 0)
  clock.advance(1)
  assert.equal(total(), 1)
  fail()
  clock.advance(4_000)
  assert.equal(total(), 1)
  // Continue keeps the level, and still waits.
  control.onOutcome('continue')
  assert.equal(total(), 0)
  clock.advance(4_000)
  control.onOutcome('success')
  assert.equal(total(), 0)
  clock.advance(2_000)
  control.onOutcome('success')
  assert.equal(total(), 5)
  assert.deepEqual(events, [
    'backoff 1 2000',
    'backoff 2 4000',
    'backoff 2 4000',
    'backoff 1 2000',
    'resume',
  ])
})

void test('the level stops where the strategy would pass the maximum', () => {
  const { clock, control } = rig(1)
  for (let i = 0; i < 10; i++) {
    control.onOutcome('failure')
    clock.advance(200_000)
  }
  assert.equal(control.level, 6)
})

void test('a maximum below the first level means no back-off at all', () => {
  const { control, total, events } = rig(1, { maxInFlight: 3, maxBackoffMs: 50 })
  control.onOutcome('failure')
  assert.equal(total(), 3)
  assert.deepEqual(events, [])
})

void test('strategies have the values of the specification', () => {
  const exponential = exponentialBackoff()
  assert.deepEqual([0, 1, 3, 5].map(exponential), [1_000, 2_000, 8_000, 32_000])
  assert.equal(fullJitterBackoff(1_000, () => 0.5)(3), 4_000)
})

void test('in back-off new connections get nothing, and one is asked when none was there', () => {
  const { clock, control, peers, total } = rig(1, { maxInFlight: 5 })
  control.onOutcome('failure')
  control.remove(peers.pop()!)
  clock.advance(2_000)
  const peer = new FakePeer()
  peers.push(peer)
  control.add(peer)
  assert.deepEqual(peer.sent, [1])
  control.onOutcome('success')
  assert.deepEqual(peer.sent, [1, 5])
  assert.equal(total(), 5)
})

void test('in back-off the one RDY goes round until a message comes', () => {
  const { clock, control, peers, total } = rig(4, { maxInFlight: 40 })
  control.onOutcome('failure')
  clock.advance(2_000)
  const asked = new Set<FakePeer>()
  for (let i = 0; i < 100; i++) {
    clock.advance(10)
    assert.ok(total() <= 1)
    for (const peer of peers) if (peer.ready === 1) asked.add(peer)
  }
  assert.equal(asked.size, 4)
})

void test('20 nsqd, one of them with messages, maxInFlight 1: the first comes within a second', () => {
  for (let busy = 0; busy < 20; busy++) {
    const { clock, peers } = rig(20)
    let waitedMs = 0
    while (peers[busy]?.ready === 0 && waitedMs < 2_000) {
      clock.advance(1)
      waitedMs++
    }
    assert.ok(waitedMs < 1_000, `${waitedMs} ms`)
  }
})

void test('an nsqd that seemed far when it was busy holds up the others no longer than a cycle', () => {
  const { clock, peers } = rig(2)
  for (const peer of peers) peer.roundTripMs = 10_000
  const waiting = peers.find((peer) => peer.ready === 0)!
  clock.advance(700 + 350)
  assert.equal(waiting.ready, 1)
})

void test('a connection in use keeps its RDY, and no other is asked beside it', () => {
  const { clock, control, peers, total } = rig(3)
  const holder = peers.find((peer) => peer.ready === 1)!
  control.onMessage(holder)
  holder.inFlight = 1
  for (let i = 0; i < 20; i++) {
    clock.advance(100)
    assert.ok(total() === 0 || holder.ready === 1)
  }
  // Its time is over, but its message still takes the only place.
  clock.advance(10_000)
  assert.equal(total(), 0)
  holder.inFlight = 0
  control.onAnswered(holder)
  assert.equal(total(), 1)
})

void test('a busy connection shares with idle ones without losing its throughput to them', () => {
  const { clock, control, peers } = rig(20)
  const busy = peers[7]!
  let busyMs = 0
  const asked = new Set<FakePeer>()
  for (let i = 0; i < 20_000; i++) {
    if (busy.ready === 1) {
      busyMs++
      control.onMessage(busy)
    }
    for (const peer of peers) if (peer.ready === 1) asked.add(peer)
    clock.advance(1)
  }
  assert.ok(busyMs > 20_000 * 0.8, `${busyMs} ms`)
  assert.equal(asked.size, 20)
})

void test('starved means nearly as much in flight as allowed', () => {
  const { control, peers } = rig(1, { maxInFlight: 10 })
  const peer = peers[0]!
  assert.equal(control.isStarved, false)
  peer.inFlight = 7
  assert.equal(control.isStarved, false)
  peer.inFlight = 8
  assert.equal(control.isStarved, true)
})

void test('stopping leaves no alarm', () => {
  const { clock, control } = rig(5)
  control.onOutcome('failure')
  control.stop()
  assert.equal(clock.pending, 0)
})

void test('the sum of RDY never passes the limit, whatever happens', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const) }),
    fc.record({ kind: fc.constantFrom('remove', 'deliver', 'finish', 'fail'), at: fc.nat(9) }),
    fc.record({ kind: fc.constant('limit' as const), count: fc.nat(12) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(5_000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, control, peers, total } = rig(0, { maxInFlight: 4 })
      let limit = 4
      for (const action of steps) {
        const at = 'at' in action ? action.at % Math.max(1, peers.length) : 0
        const peer = peers[at]
        if (action.kind === 'add') {
          peers.push(new FakePeer())
          control.add(peers.at(-1)!)
        } else if ('count' in action) {
          limit = action.count
          control.setMaxInFlight(limit)
        } else if ('ms' in action) clock.advance(action.ms)
        else if (peer === undefined) continue
        else if (action.kind === 'remove') {
          peers.splice(at, 1)
          control.remove(peer)
        } else if (action.kind === 'deliver' && peer.inFlight < peer.ready) {
          peer.inFlight++
          control.onMessage(peer)
        } else if (peer.inFlight > 0 && action.kind !== 'deliver') {
          control.onOutcome(action.kind === 'fail' ? 'failure' : 'success')
          peer.inFlight--
          control.onAnswered(peer)
        }
        assert.ok(total() <= limit, `${total()} > ${limit}`)
        assert.equal(total(), control.totalReady)
        if (control.phase === 'blocked') assert.equal(total(), 0)
        if (control.phase === 'probing') assert.ok(total() <= 1)
      }
    }),
    { numRuns: 300 },
  )
})
