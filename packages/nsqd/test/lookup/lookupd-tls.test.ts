import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import type { SecureContextOptions } from 'node:tls'

import { createLogger } from '@tsq/daemon'
import { makeCertificates, whyNoCertificates } from '@tsq/testing'

import { LookupdPeer } from '../../src/lookup/lookupd-peer.ts'
import { loadLookupTls } from '../../src/lookup/options.ts'
import { Nsqd } from '../../src/nsqd.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeNsqlookupd, framed } from '../support/fake-nsqlookupd.ts'

const skip = whyNoCertificates()
const files = skip === false ? makeCertificates() : undefined

interface Given {
  readonly lookupd: FakeNsqlookupd
  readonly tls: SecureContextOptions | undefined
  readonly serverName?: string
}

/** Connects once; what came of it, and what was logged. */
async function tryOnce({ lookupd, tls, serverName = '127.0.0.1' }: Given): Promise<{
  isLive: boolean
  log: string
}> {
  let log = ''
  const peer = new LookupdPeer(
    { address: lookupd.address, serverName },
    {
      clock: new FakeClock(),
      logger: createLogger({ destination: { write: (line) => (log += line) } }),
      identity: () => ({ version: '1.3.0' }),
      registrations: () => [],
      tls,
    },
  )
  peer.start()
  await peer.tried
  const { isLive } = peer
  peer.close()
  return { isLive, log }
}

function server(more = {}): object {
  return { cert: readFileSync(files!.cert), key: readFileSync(files!.key), ...more }
}

function client(more = {}): SecureContextOptions {
  return loadLookupTls({
    lookupdTls: true,
    lookupdTlsRootCaFile: files!.ca,
    lookupdTlsCert: '',
    lookupdTlsKey: '',
    ...more,
  })!
}

void suite('nsqd and an nsqlookupd with TLS', { skip }, () => {
  void test('connects and registers', async () => {
    await using lookupd = await FakeNsqlookupd.start({ tls: server() })
    assert.deepEqual((await tryOnce({ lookupd, tls: client() })).isLive, true)
  })

  void test('verifies the certificate for the name that was configured', async () => {
    await using lookupd = await FakeNsqlookupd.start({ tls: server() })
    const good = await tryOnce({ lookupd, tls: client(), serverName: 'localhost' })
    assert.equal(good.isLive, true)
    const bad = await tryOnce({ lookupd, tls: client(), serverName: 'elsewhere.example' })
    assert.equal(bad.isLive, false)
    assert.match(bad.log, /elsewhere\.example/)
  })

  void test('refuses a certificate it has no root for', async () => {
    await using lookupd = await FakeNsqlookupd.start({ tls: server() })
    const { isLive, log } = await tryOnce({ lookupd, tls: client({ lookupdTlsRootCaFile: '' }) })
    assert.equal(isLive, false)
    assert.match(log, /unable to verify|self.signed/)
  })

  void test('shows its own certificate', async () => {
    const ca = readFileSync(files!.ca)
    const demanding = server({ ca, requestCert: true, rejectUnauthorized: true })
    await using lookupd = await FakeNsqlookupd.start({ tls: demanding })
    const own = { lookupdTlsCert: files!.clientCert, lookupdTlsKey: files!.clientKey }
    assert.equal((await tryOnce({ lookupd, tls: client(own) })).isLive, true)
    assert.equal((await tryOnce({ lookupd, tls: client() })).isLive, false)
  })

  void test('says so when the nsqlookupd speaks no TLS', async () => {
    await using lookupd = await FakeNsqlookupd.start()
    // What ours does with bytes that are no magic.
    lookupd.answer = () => framed('E_BAD_PROTOCOL')
    const connected = tryOnce({ lookupd, tls: client() })
    const waiting = setInterval(() => {
      for (const socket of lookupd.sockets)
        if (socket.bytesRead > 0) socket.end(framed('E_BAD_PROTOCOL'))
    }, 5)
    const { isLive, log } = await connected
    clearInterval(waiting)
    assert.equal(isLive, false)
    assert.match(log, /does not speak TLS, which --lookupd-tls asks for/)
  })

  void test('checks its options at the start', async () => {
    await assert.rejects(Nsqd.start({ lookupdTlsRootCaFile: files!.ca }), /without --lookupd-tls/)
    const half = { lookupdTls: true, lookupdTlsCert: files!.clientCert }
    await assert.rejects(Nsqd.start(half), /must be given together/)
    const missing = { lookupdTls: true, lookupdTlsRootCaFile: '/nowhere/ca.pem' }
    await assert.rejects(
      Nsqd.start(missing),
      /client TLS config - --lookupd-tls-root-ca-file=.*no such file/,
    )
  })
})
