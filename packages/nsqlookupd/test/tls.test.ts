import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { suite, test } from 'node:test'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'

import { type Certificates, makeCertificates, until, whyNoCertificates } from '@tsq/testing'

import type { Nsqlookupd } from '../src/nsqlookupd.ts'
import type { NsqlookupdOptions } from '../src/options.ts'
import { ask, startLookupd } from './support/lookupd.ts'
import { identifyBytes, Peer } from './support/peer.ts'

const skip = whyNoCertificates()
const files: Certificates | undefined = skip === false ? makeCertificates() : undefined

function start(options: Partial<NsqlookupdOptions> = {}): Promise<Nsqlookupd> {
  return startLookupd({
    httpsAddress: '127.0.0.1:0',
    tlsCert: files!.cert,
    tlsKey: files!.key,
    tlsRootCaFile: files!.ca,
    ...options,
  })
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1))
}

async function connectTls(lookupd: Nsqlookupd, more: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: portOf(lookupd.tcpAddress),
    ca: readFileSync(files!.ca),
    ...more,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** What a socket is sent, until it has `count` bytes or ends. */
async function read(socket: TLSSocket, count: number): Promise<string> {
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  await until('the answer', () => text.length >= count || socket.readableEnded || socket.destroyed)
  return text
}

/** GET over HTTPS: status and body. */
function getSecure(
  lookupd: Nsqlookupd,
  path: string,
  more: ConnectionOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port: lookupd.httpsPort, path, agent: false as const }
    const asking = request({ ...target, ca: readFileSync(files!.ca), ...more }, (answer) => {
      let body = ''
      answer.on('data', (bytes: Buffer) => (body += bytes.toString()))
      answer.on('end', () => resolve(`${answer.statusCode} ${body}`))
    })
    asking.on('error', reject).end()
  })
}

void suite('nsqlookupd with a certificate', { skip }, () => {
  void test('registers a node over TLS and a plain one, on the same listener', async () => {
    await using lookupd = await start()
    const secure = await connectTls(lookupd)
    secure.write(Buffer.concat([Buffer.from('  V1'), identifyBytes()]))
    secure.write('REGISTER orders\n')
    assert.match(await read(secure, 100), /"https_port":\d+.*OK$/s)
    using plain = await Peer.identified(lookupd.tcpAddress)
    plain.send('REGISTER orders\n')
    assert.equal(await plain.answer(), 'OK')
    const answer = await getSecure(lookupd, '/lookup?topic=orders')
    assert.match(answer, /^200 /)
    assert.equal(answer.match(/remote_address/g)?.length, 2)
    const closed = once(secure, 'close')
    secure.destroy()
    await closed
    await until('the node is gone', () => lookupd.registry.nodes.size === 1)
  })

  void test('reads a handshake that comes byte by byte', async () => {
    await using lookupd = await start()
    const raw = connectPlain({ host: '127.0.0.1', port: portOf(lookupd.tcpAddress), noDelay: true })
    await once(raw, 'connect')
    const write = raw.write.bind(raw)
    // Only the first flight is cut up; the rest goes as it is.
    const hello = (bytes: Uint8Array): void => {
      for (const byte of bytes) write(Uint8Array.of(byte))
    }
    let isFirst = true
    raw.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
      if (!isFirst || typeof chunk === 'string') return write(chunk)
      isFirst = false
      hello(chunk)
      const done = rest.findLast((value) => typeof value === 'function') as (() => void) | undefined
      done?.()
      return true
    }
    const secure = connect({ socket: raw, host: '127.0.0.1', ca: readFileSync(files!.ca) })
    await once(secure, 'secureConnect')
    secure.write('  V1PING\n')
    assert.equal(await read(secure, 6), '\0\0\0\u0002OK')
    secure.destroy()
  })

  void test('tells a plain peer that TLS is required', async () => {
    await using lookupd = await start({ tlsRequired: 'true' })
    using peer = await Peer.connect(lookupd.tcpAddress)
    peer.send('  V1PING\n')
    assert.equal(await peer.answer(), 'E_INVALID TLS is required here')
    assert.equal(await peer.answer(), undefined)
    const { status, body } = await ask(lookupd, '/ping')
    assert.equal(status, 403)
    assert.equal(body, `{"message": "TLS_REQUIRED", "https_port": ${lookupd.httpsPort}}`)
  })

  void test('allows plain HTTP where only TCP must be secure', async () => {
    await using lookupd = await start({ tlsRequired: 'tcp-https' })
    using peer = await Peer.connect(lookupd.tcpAddress)
    peer.send('  V1PING\n')
    assert.equal(await peer.answer(), 'E_INVALID TLS is required here')
    assert.equal((await ask(lookupd, '/ping')).status, 200)
  })

  void test('verifies certificates of peers where the policy says so', async () => {
    await using lookupd = await start({ tlsClientAuthPolicy: 'require-verify' })
    const client = { cert: readFileSync(files!.clientCert), key: readFileSync(files!.clientKey) }
    const good = await connectTls(lookupd, client)
    good.write('  V1PING\n')
    assert.equal(await read(good, 6), '\0\0\0\u0002OK')
    good.destroy()
    const none = await connectTls(lookupd)
    none.write('  V1PING\n')
    assert.match(await read(none, 100), /E_INVALID tls: client didn't provide a certificate/)
    none.destroy()
    const stranger = {
      cert: readFileSync(files!.strangerCert),
      key: readFileSync(files!.strangerKey),
    }
    const bad = await connectTls(lookupd, stranger)
    bad.write('  V1PING\n')
    assert.match(await read(bad, 100), /E_INVALID tls: failed to verify client certificate/)
    bad.destroy()
    assert.match(await getSecure(lookupd, '/ping', client), /^200 OK/)
    assert.match(await getSecure(lookupd, '/ping'), /^403 .*didn't provide a certificate/)
  })

  void test('closes on somebody who begins a handshake and goes silent, or says nothing at all', async () => {
    await using lookupd = await startLookupd(
      { httpsAddress: '', tlsCert: files!.cert, tlsKey: files!.key },
      { limits: { magicTimeoutMs: 50 } },
    )
    using silent = await Peer.connect(lookupd.tcpAddress)
    assert.equal(await silent.answer(), undefined)
    using garbage = await Peer.connect(lookupd.tcpAddress)
    garbage.send(Buffer.from([22, 3, 1, 0, 5, 1, 2, 3, 4, 5]))
    await until('the garbage is closed', () => lookupd.peerCount === 0)
  })

  void test('needs both files', async () => {
    await assert.rejects(
      startLookupd({ tlsCert: files!.cert }),
      /--tls-cert is given without --tls-key/,
    )
    await assert.rejects(startLookupd({ tlsRequired: 'true' }), /without TLS key and cert/)
  })
})

void test('nsqlookupd without a certificate answers a TLS client in plain words', async () => {
  await using lookupd = await startLookupd()
  const socket = connect({ host: '127.0.0.1', port: portOf(lookupd.tcpAddress) })
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  assert.match(error.message, /wrong version number|packet length/)
})
