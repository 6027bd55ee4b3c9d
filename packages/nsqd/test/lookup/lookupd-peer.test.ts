import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { silentLogger } from '@tsq/daemon'

import { LookupdPeer, retryDelayMs } from '../../src/lookup/lookupd-peer.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeNsqlookupd, framed } from '../support/fake-nsqlookupd.ts'
import { waitUntil } from '../support/wait-until.ts'

const MAGIC = 'connect "  V1"'
const IDENTIFY = 'IDENTIFY {"version":"1.3.0"}'

interface Given {
  readonly lookupd: FakeNsqlookupd
  readonly peer: LookupdPeer
  readonly clock: FakeClock
  /** What there is to register. */
  readonly state: string[]
}

async function withPeer(run: (given: Given) => Promise<void>): Promise<void> {
  await using lookupd = await FakeNsqlookupd.start()
  const clock = new FakeClock()
  const state: string[] = []
  const host = {
    clock,
    logger: silentLogger(),
    identity: () => ({ version: '1.3.0' }),
    registrations: () => [...state],
  }
  const peer = new LookupdPeer({ address: lookupd.address, serverName: '127.0.0.1' }, host, () => 0)
  try {
    await run({ lookupd, peer, clock, state })
  } finally {
    peer.close()
  }
}

void suite('the connection to an nsqlookupd', () => {
  void test('identifies, registers everything, and pings every 15 s', () =>
    withPeer(async ({ lookupd, peer, clock, state }) => {
      state.push('REGISTER orders', 'REGISTER clicks archive')
      peer.start()
      await waitUntil(() => lookupd.received.length === 4)
      assert.deepEqual(lookupd.received.splice(0), [MAGIC, IDENTIFY, ...state])
      assert.equal(peer.info?.httpPort, lookupd.httpPort)
      await waitUntil(() => clock.pending === 1, 'the end of all but the ping')
      clock.advance(14_999)
      peer.announce('REGISTER new')
      await waitUntil(() => lookupd.received.length === 1)
      clock.advance(1)
      await waitUntil(() => lookupd.received.length === 2)
      clock.advance(15_000)
      await waitUntil(() => lookupd.received.length === 3)
      assert.deepEqual(lookupd.received, ['REGISTER new', 'PING', 'PING'])
    }))

  void test('comes back after a loss and sends the state as it is then', () =>
    withPeer(async ({ lookupd, peer, clock, state }) => {
      state.push('REGISTER orders')
      peer.start()
      await waitUntil(() => lookupd.received.length === 3)
      lookupd.dropConnections()
      await waitUntil(() => !peer.isLive)
      state.push('REGISTER clicks')
      peer.announce('REGISTER clicks')
      lookupd.received.length = 0
      clock.advance(99)
      assert.deepEqual(lookupd.received, [], 'not before the wait is over')
      clock.advance(1)
      await waitUntil(() => lookupd.received.length === 4)
      assert.deepEqual(lookupd.received, [MAGIC, IDENTIFY, 'REGISTER orders', 'REGISTER clicks'])
    }))

  const bad: [what: string, answer: (command: string) => Uint8Array | undefined][] = [
    ['refuses', () => framed('E_INVALID client must IDENTIFY')],
    ['answers no JSON', () => framed('OK')],
    ['answers JSON of another kind', () => framed('[1]')],
    ['answers a port that is none', () => framed('{"http_port":"x"}')],
    ['announces an endless answer', () => Buffer.from([0x7f, 0xff, 0xff, 0xff, 0])],
    ['announces less than nothing', () => Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['speaks HTTP', () => Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n')],
    ['answers twice', () => Buffer.concat([framed('{}'), framed('OK')])],
  ]
  for (const [what, answer] of bad) {
    void test(`gives up one that ${what}, and tries again later`, () =>
      withPeer(async ({ lookupd, peer, clock }) => {
        lookupd.answer = answer
        peer.start()
        await peer.tried
        await waitUntil(() => lookupd.sockets.size === 0)
        assert.equal(peer.isLive, false)
        lookupd.answer = undefined
        clock.advance(100)
        await waitUntil(() => peer.isLive)
      }))
  }

  void test('gives up one that does not answer', () =>
    withPeer(async ({ lookupd, peer, clock }) => {
      lookupd.answer = () => undefined
      peer.start()
      await waitUntil(() => lookupd.received.length === 2)
      clock.advance(4_999)
      assert.equal(lookupd.sockets.size, 1)
      clock.advance(1)
      await peer.tried
      await waitUntil(() => lookupd.sockets.size === 0)
    }))

  void test('gives up one that stops answering while it is registered with', () =>
    withPeer(async ({ lookupd, peer, clock, state }) => {
      for (let i = 0; i < 500; i++) state.push(`REGISTER topic${i}`)
      lookupd.answer = (command) =>
        command.startsWith('IDENTIFY') ? framed(lookupd.info) : undefined
      peer.start()
      await waitUntil(() => lookupd.received.length === 130)
      clock.advance(5_000)
      assert.equal(peer.isLive, false)
      assert.equal(lookupd.received.length, 130, 'no more than 128 commands were under way')
    }))

  void test('lets go of one that falls too far behind', () =>
    withPeer(async ({ lookupd, peer }) => {
      lookupd.answer = (command) =>
        command.startsWith('IDENTIFY') ? framed(lookupd.info) : undefined
      peer.start()
      await waitUntil(() => peer.isLive)
      let count = 0
      while (peer.isLive && count < 1_000_000) {
        peer.announce(`REGISTER topic${count}`)
        count += 1
      }
      assert.equal(count, 10_129)
    }))

  void test('reads answers that come byte by byte, and many at once', () =>
    withPeer(async ({ lookupd, peer, state }) => {
      for (let i = 0; i < 300; i++) state.push(`REGISTER topic${i}`)
      lookupd.answer = (command) => {
        const [socket] = lookupd.sockets
        const bytes = framed(command.startsWith('IDENTIFY') ? lookupd.info : 'OK')
        for (const byte of bytes) socket?.write(Buffer.of(byte))
        return undefined
      }
      peer.start()
      await waitUntil(() => lookupd.received.length === 302)
      assert.deepEqual(lookupd.received.slice(2), state)
    }))

  void test('is not resurrected once closed', () =>
    withPeer(async ({ lookupd, peer, clock }) => {
      peer.start()
      await waitUntil(() => peer.isLive)
      peer.close()
      assert.equal(clock.pending, 0)
      await waitUntil(() => lookupd.sockets.size === 0)
      peer.start()
      clock.advance(60_000)
      assert.equal(lookupd.received.length, 2)
    }))

  void test('waits longer after each failure, up to a limit, and never not at all', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 100].map((failures) => retryDelayMs(failures, () => 1))
    assert.deepEqual(longest, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    assert.equal(
      retryDelayMs(100, () => 0),
      100,
    )
  })
})
