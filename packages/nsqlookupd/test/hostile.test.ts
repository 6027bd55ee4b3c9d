import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Nsqlookupd } from '../src/nsqlookupd.ts'
import { ask, read, startLookupd } from './support/lookupd.ts'
import { IDENTITY, Peer, until } from './support/peer.ts'

const TIMEOUT = { timeout: 20_000 }

/** A peer that behaves, to be unmoved by those that don't. */
async function bystander(lookupd: Nsqlookupd): Promise<Peer> {
  const peer = await Peer.identified(lookupd.tcpAddress, { ...IDENTITY, broadcast_address: 'good' })
  assert.equal(await peer.command('REGISTER orders'), 'OK')
  return peer
}

async function assertUnmoved(lookupd: Nsqlookupd, peer: Peer): Promise<void> {
  assert.equal(await peer.command('PING'), 'OK')
  const { producers } = await read<{ producers: unknown[] }>(lookupd, '/lookup?topic=orders')
  assert.equal(producers.length, 1)
}

test('an endless line is answered and cut off', TIMEOUT, async () => {
  await using lookupd = await startLookupd()
  using good = await bystander(lookupd)
  using peer = await Peer.connect(lookupd.tcpAddress)
  peer.send('  V1')
  peer.send(Buffer.alloc(3 * 1024 * 1024, 'x'))
  assert.deepEqual(await peer.answers(), ['E_INVALID line too long, the limit is 4096 bytes'])
  await assertUnmoved(lookupd, good)
})

test('garbage is answered and cut off', TIMEOUT, async () => {
  await using lookupd = await startLookupd()
  using good = await bystander(lookupd)
  let seed = 1
  for (let round = 0; round < 20; round += 1) {
    using peer = await Peer.connect(lookupd.tcpAddress)
    const garbage = Buffer.alloc(10_000)
    for (let i = 0; i < garbage.length; i += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      garbage[i] = seed >> 16
    }
    peer.send(round % 2 === 0 ? garbage : Buffer.concat([Buffer.from('  V1'), garbage]))
    const answers = await peer.answers()
    assert.equal(answers.length, 1)
    assert.match(answers[0] ?? '', round % 2 === 0 ? /^E_BAD_PROTOCOL$/ : /^E_INVALID /)
  }
  await assertUnmoved(lookupd, good)
})

test('10,000 registrations of one peer are taken, and gone with it', TIMEOUT, async () => {
  await using lookupd = await startLookupd()
  using good = await bystander(lookupd)
  using peer = await Peer.identified(lookupd.tcpAddress)
  const names = Array.from({ length: 10_000 }, (_, n) => `topic-${n}#ephemeral`)
  peer.send(names.map((name) => `REGISTER ${name}\n`).join(''))
  for (const name of names) assert.equal(await peer.answer(), 'OK', name)
  assert.equal(lookupd.registry.registrationCount, 10_001)
  peer.socket.destroy()
  await until(() => lookupd.peerCount === 1)
  assert.equal(lookupd.registry.topicCount, 1)
  await assertUnmoved(lookupd, good)
})

test('a peer with too many registrations is cut off and forgotten', TIMEOUT, async () => {
  await using lookupd = await startLookupd({ maxRegistrationsPerPeer: 1_000 })
  using good = await bystander(lookupd)
  using peer = await Peer.identified(lookupd.tcpAddress)
  const lines = Array.from({ length: 10_000 }, (_, n) => `REGISTER topic-${n}#ephemeral\n`)
  peer.send(lines.join(''))
  const answers = await peer.answers()
  assert.equal(answers.length, 1_001)
  assert.equal(
    answers.at(-1),
    'E_INVALID REGISTER too many registrations of one peer, the limit is 1000',
  )
  assert.equal(lookupd.registry.topicCount, 1)
  await assertUnmoved(lookupd, good)
})

test('names that outlive their peers are limited too', TIMEOUT, async () => {
  await using lookupd = await startLookupd({ maxRegistrations: 100 })
  using good = await bystander(lookupd)
  let refusal: string | undefined
  for (let round = 0; round < 20 && refusal === undefined; round += 1) {
    using peer = await Peer.identified(lookupd.tcpAddress)
    peer.send(Array.from({ length: 10 }, (_, n) => `REGISTER t-${round}-${n}\n`).join(''))
    peer.end()
    refusal = (await peer.answers()).find((answer) => answer !== 'OK')
  }
  assert.equal(refusal, 'E_INVALID REGISTER too many registrations, the limit is 100')
  const { status, body } = await ask(lookupd, '/channel/create?topic=more&channel=c', 'POST')
  assert.deepEqual([status, body], [200, ''], 'the peer that was cut off left room')
  for (let n = 0; n < 100; n += 1) await ask(lookupd, `/topic/create?topic=fill-${n}`, 'POST')
  const full = await ask(lookupd, '/topic/create?topic=another', 'POST')
  assert.deepEqual([full.status, full.body], [503, '{"message":"TOO_MANY_REGISTRATIONS"}'])
  await assertUnmoved(lookupd, good)
})

test('peers over the limit are told so', TIMEOUT, async () => {
  await using lookupd = await startLookupd({ maxPeers: 2 })
  using good = await bystander(lookupd)
  using second = await Peer.connect(lookupd.tcpAddress)
  using third = await Peer.connect(lookupd.tcpAddress)
  assert.deepEqual(await third.answers(), ['E_INVALID too many peers, the limit is 2'])
  second.socket.destroy()
  await until(() => lookupd.peerCount === 1)
  using fourth = await Peer.identified(lookupd.tcpAddress)
  assert.equal(await fourth.command('PING'), 'OK')
  await assertUnmoved(lookupd, good)
})

test('a peer that says nothing, or only half, is cut off', TIMEOUT, async () => {
  const limits = { magicTimeoutMs: 50, commandTimeoutMs: 50, unidentifiedTimeoutMs: 50 }
  await using lookupd = await startLookupd({}, { limits })
  using good = await bystander(lookupd)
  for (const bytes of ['', '  ', '  V1', '  V1PI', '  V1IDENTIFY\n', '  V1IDENTIFY\n\0\0\0\x09{']) {
    using peer = await Peer.connect(lookupd.tcpAddress)
    if (bytes !== '') peer.send(bytes)
    assert.deepEqual(await peer.answers(), [], JSON.stringify(bytes))
  }
  assert.equal(lookupd.counters.timeouts, 6)
  await assertUnmoved(lookupd, good)
})

test('a peer that dribbles gains no time by it', TIMEOUT, async () => {
  await using lookupd = await startLookupd({}, { limits: { commandTimeoutMs: 100 } })
  using peer = await Peer.identified(lookupd.tcpAddress)
  const dribble = setInterval(() => peer.send('x'), 10)
  assert.deepEqual(await peer.answers(), [])
  clearInterval(dribble)
  await until(() => lookupd.registry.nodes.size === 0)
})

test('a peer whose commands always straddle two packets is not cut off', TIMEOUT, async () => {
  await using lookupd = await startLookupd({}, { limits: { commandTimeoutMs: 400 } })
  using peer = await Peer.identified(lookupd.tcpAddress)
  peer.send('PI')
  for (let n = 0; n < 10; n += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 60)
    })
    peer.send('NG\nPI')
    assert.equal(await peer.answer(), 'OK')
  }
})

test('a peer that does not take its answers is not read, and then cut off', TIMEOUT, async () => {
  await using lookupd = await startLookupd({}, { limits: { sendTimeoutMs: 300 } })
  using good = await bystander(lookupd)
  using peer = await Peer.identified(lookupd.tcpAddress)
  peer.socket.pause()
  const lines = Buffer.from('PING\n'.repeat(100_000))
  let sent = 0
  const more = setInterval(() => {
    if (!peer.socket.writableNeedDrain && sent < 200) {
      peer.send(lines)
      sent += 1
    }
  }, 1)
  await until(() => lookupd.peerCount === 1)
  clearInterval(more)
  assert.equal(lookupd.counters.timeouts, 1)
  await assertUnmoved(lookupd, good)
})

test('a peer that reads late gets every answer', TIMEOUT, async () => {
  await using lookupd = await startLookupd()
  using peer = await Peer.identified(lookupd.tcpAddress)
  peer.socket.pause()
  const count = 300_000
  peer.send('PING\n'.repeat(count))
  peer.end()
  await new Promise((resolve) => {
    setTimeout(resolve, 200)
  })
  let bytes = 0
  peer.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  peer.socket.resume()
  await until(() => lookupd.peerCount === 0)
  await until(() => bytes === count * 6)
})

test('a peer that is reset is forgotten', TIMEOUT, async () => {
  await using lookupd = await startLookupd()
  using good = await bystander(lookupd)
  using peer = await Peer.identified(lookupd.tcpAddress)
  assert.equal(await peer.command('REGISTER orders'), 'OK')
  peer.socket.resetAndDestroy()
  await until(() => lookupd.registry.nodes.size === 1)
  await assertUnmoved(lookupd, good)
})

test('a big body that never comes is not made room for', TIMEOUT, async () => {
  await using lookupd = await startLookupd()
  const before = process.memoryUsage().arrayBuffers
  const peers: Peer[] = []
  for (let n = 0; n < 200; n += 1) {
    const peer = await Peer.connect(lookupd.tcpAddress)
    peers.push(peer)
    peer.send(Buffer.from('  V1IDENTIFY\n\0\0\xea\x60{', 'latin1'))
  }
  await until(() => lookupd.peerCount === 200)
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes`)
  for (const peer of peers) peer.socket.destroy()
})
