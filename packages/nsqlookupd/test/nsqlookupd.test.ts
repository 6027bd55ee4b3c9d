import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createLogger, OptionsError, StartupError } from '@tsq/daemon'

import { Nsqlookupd } from '../src/nsqlookupd.ts'
import { FakeClock } from './support/fake-clock.ts'
import { ask, read, startLookupd } from './support/lookupd.ts'
import { IDENTITY, Peer, until } from './support/peer.ts'

interface Lookup {
  readonly producers: { readonly broadcast_address: string }[]
}

test('a nsqd that stops pinging is hidden, and shown after its next ping', async () => {
  const clock = new FakeClock()
  await using lookupd = await startLookupd({ inactiveProducerTimeoutMs: 200 }, { clock })
  using peer = await Peer.identified(lookupd.tcpAddress)
  await peer.command('REGISTER t')
  clock.advance(201)
  for (const target of ['/lookup?topic=t', '/nodes']) {
    assert.deepEqual((await read<Lookup>(lookupd, target)).producers, [], target)
  }
  await peer.command('PING')
  for (const target of ['/lookup?topic=t', '/nodes']) {
    assert.equal((await read<Lookup>(lookupd, target)).producers.length, 1, target)
  }
})

test('a tombstone passes', async () => {
  const clock = new FakeClock()
  await using lookupd = await startLookupd({ tombstoneLifetimeMs: 50 }, { clock })
  using peer = await Peer.identified(lookupd.tcpAddress)
  await peer.command('REGISTER t')
  await ask(lookupd, '/topic/tombstone?topic=t&node=n1.test:24151', 'POST')
  assert.deepEqual((await read<Lookup>(lookupd, '/lookup?topic=t')).producers, [])
  clock.advance(50)
  assert.equal((await read<Lookup>(lookupd, '/lookup?topic=t')).producers.length, 1)
})

test('names stay when a nsqd leaves, ephemeral ones do not', async () => {
  await using lookupd = await startLookupd()
  const peer = await Peer.identified(lookupd.tcpAddress)
  await peer.command('REGISTER t c')
  await peer.command('REGISTER t tail#ephemeral')
  await peer.command('REGISTER live#ephemeral c')
  peer.socket.destroy()
  await until(() => lookupd.peerCount === 0)
  assert.equal((await ask(lookupd, '/topics')).body, '{"topics":["t"]}')
  assert.equal((await ask(lookupd, '/lookup?topic=t')).body, '{"channels":["c"],"producers":[]}')
})

test('closing ends every connection without a word, and may be done twice', async () => {
  const lookupd = await startLookupd()
  using silent = await Peer.connect(lookupd.tcpAddress)
  using peer = await Peer.identified(lookupd.tcpAddress)
  await peer.command('REGISTER t')
  await Promise.all([lookupd.close(), lookupd.close()])
  assert.deepEqual(await peer.answers(), [])
  assert.deepEqual(await silent.answers(), [])
  assert.equal(lookupd.registry.nodes.size, 0)
  await assert.rejects(Peer.connect(lookupd.tcpAddress))
  await assert.rejects(ask(lookupd, '/ping'))
})

test('an address in use is a sentence for the operator, and nothing stays open', async () => {
  await using lookupd = await startLookupd()
  await assert.rejects(startLookupd({ httpAddress: lookupd.httpAddress }), StartupError)
  await assert.rejects(startLookupd({ tcpAddress: lookupd.tcpAddress }), /address already in use/)
  await assert.rejects(Nsqlookupd.start({ maxPeers: 0 }), OptionsError)
})

test('it listens on IPv6 too, and shows such peers in brackets', async (t) => {
  const options = { tcpAddress: '[::1]:0' }
  const lookupd = await startLookupd(options).catch(() => undefined)
  if (lookupd === undefined) {
    t.skip('this machine has no IPv6')
    return
  }
  await using running = lookupd
  using peer = await Peer.identified(running.tcpAddress)
  await peer.command('REGISTER t')
  const { body } = await ask(running, '/lookup?topic=t')
  assert.ok(body.includes(`"remote_address":"[::1]:${peer.socket.localPort}"`), body)
})

test('the log says who came, what changed and who left, and peers cannot forge lines', async () => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const addresses = { tcpAddress: '127.0.0.1:0', httpAddress: '127.0.0.1:0' }
  const lookupd = await Nsqlookupd.start(addresses, createLogger({ destination }))
  using peer = await Peer.identified(lookupd.tcpAddress, {
    ...IDENTITY,
    version: '1\nFATAL: forged',
  })
  const { address } = peer
  for (const line of ['REGISTER t c', 'REGISTER u', 'PING', 'UNREGISTER t', 'NOP'])
    await peer.command(line)
  await ask(lookupd, '/topic/create?topic=t', 'POST')
  await lookupd.close()
  const text = lines.map((line) => line.slice(line.indexOf(' ', 11) + 1)).join('')
  for (const expected of [
    `INFO: TCP: listening on ${lookupd.tcpAddress}`,
    `INFO: TCP: new client(${address})`,
    `INFO: CLIENT(${address}): desired protocol magic '  V1'`,
    `INFO: DB: client(${address}) REGISTER category:channel key:t subkey:c`,
    `INFO: DB: client(${address}) REGISTER category:topic key:u subkey:`,
    `INFO: DB: client(${address}) UNREGISTER category:topic key:t subkey:`,
    `ERROR: [${address}] - E_INVALID invalid command NOP`,
    `INFO: PROTOCOL(V1): [${address}] exiting ioloop`,
    'INFO: DB: adding topic(t)',
    'INFO: 200 POST /topic/create?topic=t (127.0.0.1:',
    `INFO: HTTP: closing ${lookupd.httpAddress}`,
  ]) {
    assert.ok(text.includes(expected), `${expected} in\n${text}`)
  }
  assert.ok(!text.includes('pinged'), 'a line every 15 s for each nsqd is noise')
  assert.ok(!text.includes('\nFATAL'), text)
})
