// TLS: who must use it, who gets in, and what a failed handshake is told.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get as httpsGet, type RequestOptions } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { suite, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'

import { resolveOptions } from '@tsq/daemon'

import { Nsqd, nsqdOptions, type NsqdOptions } from '../../src/index.ts'
import { suiteName } from '../../src/tls/names.ts'
import { makeCertificates, whyNoCertificates } from '@tsq/testing'
import { runNsqd } from '../support/running-nsqd.ts'
import { UpgradingClient, withBody } from '../support/upgrading-client.ts'

const skip = whyNoCertificates()
const certificates = skip === false ? makeCertificates() : undefined
const withTls: Partial<NsqdOptions> =
  certificates === undefined ? {} : { tlsCert: certificates.cert, tlsKey: certificates.key }

async function canPublish(client: UpgradingClient): Promise<void> {
  client.send(withBody('PUB t', Buffer.from('x')))
  await client.expectOk()
  client.destroy()
}

void suite('TLS', { skip }, () => {
  void test('is verified by the root', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const ca = readFileSync(certificates!.ca)
    const tls = { rejectUnauthorized: true, ca, host: '127.0.0.1' }
    const { client } = await UpgradingClient.identified(nsqd.tcpAddress, { tls_v1: true }, tls)
    await canPublish(client)
  })

  const versions = [
    { version: 'TLSv1', min: 'tls1.0', shown: 'TLS1.0' },
    { version: 'TLSv1.1', min: 'tls1.0', shown: 'TLS1.1' },
    { version: 'TLSv1.2', min: 'tls1.2', shown: 'TLS1.2' },
    { version: 'TLSv1.3', min: 'tls1.3', shown: 'TLS1.3' },
  ] as const
  for (const { version, min, shown } of versions) {
    void test(`${version} is spoken where ${min} is the oldest`, async (t) => {
      const nsqd = await runNsqd(t, { ...withTls, tlsMinVersion: min })
      const tls: ConnectionOptions = {
        minVersion: version,
        maxVersion: version,
        ciphers: 'DEFAULT:@SECLEVEL=0',
      }
      const { client } = await UpgradingClient.identified(nsqd.tcpAddress, { tls_v1: true }, tls)
      client.send('SUB t c\n')
      await client.expectOk()
      const stats = await fetch(`http://${nsqd.httpAddress}/stats?format=json`)
      assert.ok((await stats.text()).includes(`"tls_version":"${shown}"`))
      await canPublish(client)
    })
  }

  void test('that is too old fails, and is said so in plain', async (t) => {
    const nsqd = await runNsqd(t, { ...withTls, tlsMinVersion: 'tls1.3' })
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send('  V2')
    await client.identify({ tls_v1: true })
    await assert.rejects(client.startTls({ maxVersion: 'TLSv1.2' }))
    client.destroy()
  })

  void test('garbage instead of a handshake is answered in plain', async (t) => {
    const lines: string[] = []
    const nsqd = await runNsqd(t, withTls, (line) => lines.push(line))
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send('  V2')
    await client.identify({ tls_v1: true })
    const received = rawBytes(client)
    client.raw.write('SUB t c\nthis is no handshake, whatever else it may be\n')
    await client.closed()
    const text = (await received).toString('latin1')
    assert.match(text, /E_IDENTIFY_FAILED IDENTIFY failed tls: [\w ]+$/)
    assert.ok(lines.some((line) => line.includes('E_IDENTIFY_FAILED IDENTIFY failed tls: ')))
  })

  void test('a handshake that is not finished fails after 5 s', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const address = nsqd.tcpAddress
    const startedMs = performance.now()
    const stop = async (send: (client: UpgradingClient) => void): Promise<string> => {
      const client = await UpgradingClient.connect(address)
      client.send('  V2')
      await client.identify({ tls_v1: true })
      const received = rawBytes(client)
      send(client)
      await client.closed()
      return (await received).toString('latin1')
    }
    const silent = stop(() => undefined)
    // One byte a second of a record never ends it, and doesn't put off the end.
    const slow = stop((client) => {
      client.raw.write(Buffer.from('160301', 'hex'))
      const timer = setInterval(() => client.raw.write('\0'), 1_000)
      client.raw.on('close', () => clearInterval(timer))
    })
    for (const text of await Promise.all([silent, slow])) {
      assert.match(text, /E_IDENTIFY_FAILED IDENTIFY failed tls: no handshake in 5 s$/)
    }
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs > 4_900 && tookMs < 8_000, `${tookMs} ms`)
  })

  void test('a peer that leaves in the middle of a handshake is forgotten', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send('  V2')
    await client.identify({ tls_v1: true })
    client.raw.write(Buffer.from('160301', 'hex'))
    client.raw.resetAndDestroy()
    while ([...nsqd.statsSource().sessions].length > 0) await new Promise(setImmediate)
  })

  void test('nsqd stops while handshakes are under way', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send('  V2')
    await client.identify({ tls_v1: true })
    await nsqd.close()
    await client.closed()
  })

  void test('garbage behind a handshake closes the connection', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const { client } = await UpgradingClient.identified(nsqd.tcpAddress, { tls_v1: true })
    client.socket.on('error', () => undefined)
    client.raw.write('in plain\n')
    await client.closed()
    while ([...nsqd.statsSource().sessions].length > 0) await new Promise(setImmediate)
  })
})

void suite('TLS required', { skip }, () => {
  const commands = ['SUB t c\n', 'NOP\n', 'PUB t\n', 'RDY 1\n', 'BOGUS\n', 'FIN 0123456789abcdef\n']
  for (const command of commands) {
    void test(`refuses ${command.trim()} without it`, async (t) => {
      const nsqd = await runNsqd(t, { ...withTls, tlsRequired: 'tcp-https' })
      const client = await UpgradingClient.connect(nsqd.tcpAddress)
      client.send(`  V2${command}`)
      const [token] = command.trim().split(' ')
      const text = `E_INVALID cannot ${token} in current state (TLS required)`
      assert.equal(await client.error(), text)
      await client.closed()
    })
  }

  void test('repeats what was sent byte by byte', async (t) => {
    const nsqd = await runNsqd(t, { ...withTls, tlsRequired: 'tcp-https' })
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send(Buffer.from('  V2\xff\xe9\n', 'latin1'))
    const { data } = await client.frame()
    const text = 'E_INVALID cannot \xff\xe9 in current state (TLS required)'
    assert.equal(data.toString('latin1'), text)
  })

  void test('allows IDENTIFY, and what follows TLS', async (t) => {
    const nsqd = await runNsqd(t, { ...withTls, tlsRequired: 'true' })
    const { client } = await UpgradingClient.identified(nsqd.tcpAddress, { tls_v1: true })
    await canPublish(client)
    const { client: plain } = await UpgradingClient.identified(nsqd.tcpAddress, { snappy: true })
    plain.send('NOP\n')
    assert.match(await plain.error(), /TLS required/)
  })

  void test('true refuses plain HTTP, any path, and names the port of HTTPS', async (t) => {
    const nsqd = await runNsqd(t, { ...withTls, tlsRequired: 'true' })
    for (const path of ['/ping', '/stats', '/nowhere', '/pub?topic=t']) {
      const response = await fetch(`http://${nsqd.httpAddress}${path}`)
      assert.equal(response.status, 403)
      assert.equal(response.headers.get('x-nsq-content-type'), 'nsq; version=1.0')
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
      const port = nsqd.httpsPort
      assert.equal(await response.text(), `{"message": "TLS_REQUIRED", "https_port": ${port}}`)
    }
    assert.deepEqual(await overHttps(nsqd.httpsAddress, '/ping'), { status: 200, body: 'OK' })
  })

  void test('true without HTTPS names port 0', async (t) => {
    const nsqd = await runNsqd(t, { ...withTls, tlsRequired: 'true', httpsAddress: '' })
    const response = await fetch(`http://${nsqd.httpAddress}/ping`)
    assert.equal(await response.text(), '{"message": "TLS_REQUIRED", "https_port": 0}')
  })

  void test('tcp-https allows plain HTTP', async (t) => {
    const nsqd = await runNsqd(t, { ...withTls, tlsRequired: 'tcp-https' })
    assert.equal((await fetch(`http://${nsqd.httpAddress}/ping`)).status, 200)
  })
})

void suite('client certificates', { skip }, () => {
  const policies = [
    { policy: 'require', none: /didn't provide a certificate/, stranger: undefined },
    { policy: 'require-verify', none: /didn't provide/, stranger: /failed to verify client/ },
    { policy: 'whatever', none: undefined, stranger: undefined },
  ]
  for (const { policy, none, stranger } of policies) {
    const options = { ...withTls, tlsClientAuthPolicy: policy, tlsRootCaFile: certificates?.ca }
    const own = {
      none: {},
      stranger: { cert: certificates?.strangerCert, key: certificates?.strangerKey },
      known: { cert: certificates?.clientCert, key: certificates?.clientKey },
    }
    const given = (name: keyof typeof own): ConnectionOptions => {
      const { cert, key } = own[name] as { cert?: string; key?: string }
      return cert === undefined || key === undefined
        ? {}
        : { cert: readFileSync(cert), key: readFileSync(key) }
    }
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      void test(`with policy ${policy} over ${version}`, async (t) => {
        const nsqd = await runNsqd(t, options as Partial<NsqdOptions>)
        const { tcpAddress, httpsAddress } = nsqd
        const attempt = (name: keyof typeof own): Promise<{ client: UpgradingClient }> =>
          UpgradingClient.identified(
            tcpAddress,
            { tls_v1: true, snappy: true },
            { ...given(name), minVersion: version, maxVersion: version },
          )
        const expected = { none, stranger, known: undefined }
        for (const name of ['none', 'stranger', 'known'] as const) {
          const refusal = expected[name]
          const { status } = await overHttps(httpsAddress, '/ping', {
            ...given(name),
            minVersion: version,
            maxVersion: version,
          })
          assert.equal(status, refusal === undefined ? 200 : 403)
          if (refusal === undefined) await canPublish((await attempt(name)).client)
          else await assert.rejects(attempt(name), refusal)
        }
        // A policy, even an unknown one, makes TLS required.
        assert.equal((await fetch(`http://${nsqd.httpAddress}/ping`)).status, 403)
        const { body } = await overHttps(httpsAddress, '/config/tls_required', given('known'))
        assert.equal(body, '2')
      })
    }
  }
})

void suite('HTTPS', { skip }, () => {
  void test('answers as HTTP does', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const info = await overHttps(nsqd.httpsAddress, '/info')
    assert.equal(info.status, 200)
    assert.equal(JSON.parse(info.body)['tcp_port'], nsqd.tcpPort)
  })

  void test('tells who speaks plain HTTP to it', async (t) => {
    const nsqd = await runNsqd(t, withTls)
    const socket = connectTcp(nsqd.httpsPort, '127.0.0.1')
    socket.end('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n')
    const parts: Buffer[] = []
    socket.on('data', (bytes: Buffer) => parts.push(bytes))
    await once(socket, 'close')
    assert.match(Buffer.concat(parts).toString(), /^HTTP\/1.0 400 Bad Request/)
  })

  void test('is not there without a certificate', async (t) => {
    const nsqd = await runNsqd(t)
    assert.equal(nsqd.httpsAddress, '')
  })
})

void suite('a nsqd does not start', () => {
  const wrong: [text: RegExp, options: Partial<NsqdOptions>][] = [
    [/^cannot require TLS client connections without TLS key and cert$/, { tlsRequired: 'true' }],
    [/^cannot require TLS client connections without/, { tlsRequired: 'tcp-https' }],
    [/^cannot require TLS client connections without/, { tlsClientAuthPolicy: 'require' }],
    [
      /^failed to build TLS config - --tls-cert=no-such.pem: there is no such file$/,
      { tlsCert: 'no-such.pem', tlsKey: 'x' },
    ],
    [
      /^failed to build TLS config - --tls-cert=package.json: there is no certificate in it$/,
      { tlsCert: 'package.json', tlsKey: 'x' },
    ],
    [/^failed to build TLS config - --tls-cert is given without --tls-key/, { tlsCert: 'x' }],
    [/^failed to build TLS config - --tls-key is given without/, { tlsKey: 'x' }],
    [
      /^failed to build client TLS config - --tls-root-ca-file=no-such.pem: there is no such file$/,
      { tlsRootCaFile: 'no-such.pem' },
    ],
    [/--tls-root-ca-file=package.json: there is no cert/, { tlsRootCaFile: 'package.json' }],
    [/^maxDeflateLevel must be \[1,9\], not 0$/, { maxDeflateLevel: 0 }],
    [/^maxDeflateLevel must be \[1,9\], not 10$/, { maxDeflateLevel: 10 }],
  ]
  for (const [message, options] of wrong) {
    void test(`with ${JSON.stringify(options)}`, async () => {
      await assert.rejects(Nsqd.start({ ...options, tcpAddress: '127.0.0.1:0' }), { message })
    })
  }

  void test('with a key of another certificate', { skip }, async () => {
    const options = { tlsCert: certificates!.cert, tlsKey: certificates!.clientKey }
    const message = /client\.key is not the key of --tls-cert=.*server\.pem: .*key values mismatch/
    await assert.rejects(Nsqd.start(options), { message })
    const swapped = { tlsCert: certificates!.cert, tlsKey: certificates!.ca }
    await assert.rejects(Nsqd.start(swapped), { message: /--tls-key=.*ca\.pem: / })
  })
})

function read(...argv: string[]): NsqdOptions {
  const resolved = resolveOptions(nsqdOptions, { program: 'nsqd', argv })
  if (resolved.kind === 'options') return resolved.values
  throw new Error(resolved.kind === 'error' ? resolved.message : resolved.kind)
}

void test('flags are read as nsqd reads them', () => {
  assert.equal(read().tlsRequired, 'false')
  assert.equal(read('--tls-required').tlsRequired, 'true')
  assert.equal(read('-tls-required=T').tlsRequired, 'true')
  assert.equal(read('--tls-required=0').tlsRequired, 'false')
  assert.equal(read('--tls-required=tcp-https').tlsRequired, 'tcp-https')
  assert.throws(() => read('--tls-required=maybe'), /invalid boolean value "maybe"/)
  assert.throws(() => read('--tls-min-version=ssl3.0'), /invalid value "ssl3.0"/)
  assert.throws(() => read('--max-deflate-level=0'), /--max-deflate-level must be \[1,9\]/)
  const { tlsMinVersion, snappy, deflate } = read(
    '--tls-min-version=TLS1.2',
    '-snappy=false',
    '--deflate=false',
  )
  assert.deepEqual(
    { tlsMinVersion, snappy, deflate },
    {
      tlsMinVersion: 'tls1.2',
      snappy: false,
      deflate: false,
    },
  )
})

void test('cipher suites are named as nsqd names them', () => {
  assert.equal(suiteName('TLS_AES_128_GCM_SHA256'), 'Unknown 4865')
  const named = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'
  assert.equal(suiteName(named), named)
  assert.equal(suiteName('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'), 'Unknown 49200')
})

/** Everything that comes in below all layers from now on, until the connection is closed. */
async function rawBytes(client: UpgradingClient): Promise<Buffer> {
  const parts: Buffer[] = []
  client.raw.on('data', (bytes: Buffer) => parts.push(bytes))
  await once(client.raw, 'close')
  return Buffer.concat(parts)
}

function overHttps(
  address: string,
  path: string,
  options: RequestOptions = {},
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const url = `https://${address}${path}`
    httpsGet(url, { rejectUnauthorized: false, agent: false, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode, body }))
    }).on('error', reject)
  })
}
