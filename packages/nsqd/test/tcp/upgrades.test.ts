// What IDENTIFY may grant, end to end over real sockets.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib'

import { crc32c } from '@node-rs/crc32'
import { type ChannelName, encodeFin, encodeRdy, encodeSub, type TopicName } from '@tsq/protocol'
import { compressSync } from 'snappy'

import type { Nsqd, NsqdOptions } from '../../src/index.ts'
import { makeCertificates, whyNoCertificates } from '@tsq/testing'
import { runNsqd } from '../support/running-nsqd.ts'
import { UpgradingClient, withBody } from '../support/upgrading-client.ts'

const skip = whyNoCertificates()
const certificates = skip === false ? makeCertificates() : undefined
const withTls: Partial<NsqdOptions> =
  certificates === undefined ? {} : { tlsCert: certificates.cert, tlsKey: certificates.key }

const BODY_OFFSET = 26

interface ClientSnapshot {
  readonly tls: boolean
  readonly tls_version: string
  readonly tls_cipher_suite: string
  readonly tls_negotiated_protocol_is_mutual: boolean
  readonly deflate: boolean
  readonly snappy: boolean
}

const layers = [
  { name: 'plain', fields: {} },
  { name: 'deflate', fields: { deflate: true } },
  { name: 'deflate 1', fields: { deflate: true, deflate_level: 1 } },
  { name: 'snappy', fields: { snappy: true } },
  { name: 'TLS', fields: { tls_v1: true } },
  { name: 'TLS and deflate', fields: { tls_v1: true, deflate: true } },
  { name: 'TLS and snappy', fields: { tls_v1: true, snappy: true } },
]

async function subscribed(
  nsqd: Nsqd,
  fields: object,
  ready = 100,
): Promise<{ client: UpgradingClient; answer: Record<string, unknown> }> {
  const { client, answer } = await UpgradingClient.identified(nsqd.tcpAddress, fields)
  client.send(encodeSub('t' as TopicName, 'c' as ChannelName))
  await client.expectOk()
  client.send(encodeRdy(ready))
  return { client, answer }
}

async function clientsOf(nsqd: Nsqd): Promise<ClientSnapshot[]> {
  const response = await fetch(`http://${nsqd.httpAddress}/stats?format=json`)
  const stats = (await response.json()) as {
    readonly topics: { readonly channels: { readonly clients: ClientSnapshot[] }[] }[]
  }
  return stats.topics.flatMap(({ channels }) => channels.flatMap(({ clients }) => clients))
}

async function receive(client: UpgradingClient): Promise<Buffer> {
  const { type, data } = await client.frame()
  assert.equal(type, 2, data.toString())
  client.send(encodeFin(data.toString('latin1', 10, BODY_OFFSET)))
  return data.subarray(BODY_OFFSET)
}

void suite('a connection with', () => {
  for (const { name, fields } of layers) {
    const options = { skip: 'tls_v1' in fields ? skip : false }
    void test(`${name} exchanges messages of every size`, options, async (t) => {
      const nsqd = await runNsqd(t, withTls)
      const { client, answer } = await subscribed(nsqd, fields)
      const { client: publisher } = await UpgradingClient.identified(nsqd.tcpAddress, fields)
      t.after(() => [client, publisher].forEach((each) => each.destroy()))

      for (const [field, value] of Object.entries(fields)) assert.equal(answer[field], value)
      const bodies = [
        Buffer.from('a'),
        Buffer.alloc(100_000, 'repeats itself, '),
        randomBytes(100_000),
        randomBytes(1_048_576),
        Buffer.alloc(1_048_576),
        Buffer.from('z'),
      ]
      for (const body of bodies) publisher.send(withBody('PUB t', body))
      for (const _ of bodies) await publisher.expectOk()
      for (const body of bodies) assert.ok(body.equals(await receive(client)))

      // Many small ones at once, in order.
      const numbers = Array.from({ length: 3_000 }, (_, n) => String(n))
      publisher.send(Buffer.concat(numbers.map((n) => withBody('PUB t', Buffer.from(n)))))
      for (const number of numbers) assert.equal((await receive(client)).toString(), number)
      for (const _ of numbers) await publisher.expectOk()

      const [shown] = await clientsOf(nsqd)
      assert.equal(shown?.deflate, 'deflate' in fields)
      assert.equal(shown?.snappy, 'snappy' in fields)
      assert.equal(shown?.tls, 'tls_v1' in fields)
      assert.equal(shown?.tls_negotiated_protocol_is_mutual, 'tls_v1' in fields)
      if (shown?.tls) {
        assert.equal(shown.tls_version, 'TLS1.3')
        assert.match(shown.tls_cipher_suite, /^Unknown 486[567]$/)
      }
    })

    void test(`${name} gets a lone message at once`, options, async (t) => {
      const nsqd = await runNsqd(t, withTls)
      const { client } = await subscribed(nsqd, fields)
      t.after(() => client.destroy())
      const url = `http://${nsqd.httpAddress}/pub?topic=t`
      for (let i = 0; i < 5; i++) {
        await sleep(20)
        await fetch(url, { method: 'POST', body: `lone ${i}` })
        const startedMs = performance.now()
        assert.equal((await receive(client)).toString(), `lone ${i}`)
        // Far below the 250 ms of nsqd's output buffer.
        assert.ok(performance.now() - startedMs < 150)
      }
    })

    void test(`${name} may arrive byte by byte and end in its middle`, options, async (t) => {
      const nsqd = await runNsqd(t, withTls)
      const { client } = await UpgradingClient.identified(nsqd.tcpAddress, fields)
      t.after(() => client.destroy())
      const write = client.socket.write.bind(client.socket)
      const { socket } = client
      const bytes: Buffer[] = []
      socket.write = (part: Uint8Array | string): boolean => bytes.push(Buffer.from(part)) > 0
      client.send(withBody('PUB t', Buffer.from('a message in very small pieces')))
      await sleep(50)
      client.send(withBody('PUB t', Buffer.from('a second one')))
      await sleep(50)
      socket.write = write
      const all = Buffer.concat(bytes)
      for (let at = 0; at < all.length; at++) {
        write(all.subarray(at, at + 1))
        await new Promise(setImmediate)
      }
      await client.expectOk()
      await client.expectOk()
      write(Buffer.from('PU'))
      socket.end()
      await client.closed()
      await sleep(20)
      assert.equal(nsqd.statsSource().topics[0]?.stats().messageCount, 2)
    })

    void test(`${name} takes a close with CLS and end in one go`, options, async (t) => {
      const nsqd = await runNsqd(t, withTls)
      const { client } = await subscribed(nsqd, fields)
      t.after(() => client.destroy())
      client.send('CLS\n')
      if (name.includes('deflate')) await sleep(50)
      client.socket.end()
      assert.equal((await client.frame()).data.toString(), 'CLOSE_WAIT')
      await client.closed()
    })
  }
})

void suite('IDENTIFY', () => {
  const cases = [
    { asks: { deflate: true }, gets: { deflate: true, deflate_level: 6, max_deflate_level: 6 } },
    { asks: { deflate: true, deflate_level: 3 }, gets: { deflate: true, deflate_level: 3 } },
    { asks: { deflate: true, deflate_level: 99 }, gets: { deflate: true, deflate_level: 6 } },
    { asks: { deflate: true, deflate_level: -1 }, gets: { deflate: true, deflate_level: 6 } },
    { asks: { deflate_level: 3 }, gets: { deflate: false, deflate_level: 6 } },
    { asks: { tls_v1: true }, gets: { tls_v1: false } },
    { asks: { snappy: true }, with: { snappy: false }, gets: { snappy: false, deflate: false } },
    { asks: { deflate: true }, with: { deflate: false }, gets: { deflate: false } },
    {
      asks: { deflate: true, snappy: true },
      with: { deflate: false },
      gets: { deflate: false, snappy: true },
    },
    {
      asks: { deflate: true, deflate_level: 9 },
      with: { maxDeflateLevel: 8 },
      gets: { deflate_level: 8, max_deflate_level: 8 },
    },
    {
      asks: { deflate_level: 9 },
      with: { maxDeflateLevel: 2 },
      gets: { deflate_level: 2, max_deflate_level: 2 },
    },
  ]
  for (const { asks, with: options, gets } of cases) {
    const given = options === undefined ? '' : ` of a nsqd with ${JSON.stringify(options)}`
    void test(`asking for ${JSON.stringify(asks)}${given}`, async (t) => {
      const nsqd = await runNsqd(t, options)
      const { client, answer } = await UpgradingClient.identified(nsqd.tcpAddress, asks)
      t.after(() => client.destroy())
      for (const [field, value] of Object.entries(gets)) assert.equal(answer[field], value, field)
      client.send(withBody('PUB t', Buffer.from('x')))
      await client.expectOk()
    })
  }

  void test('for both compressions fails', async (t) => {
    const nsqd = await runNsqd(t)
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send('  V2')
    const asked = client.identify({ deflate: true, snappy: true })
    const text = 'E_IDENTIFY_FAILED cannot enable both deflate and snappy compression'
    await assert.rejects(asked, { message: text })
    await client.closed()
  })

  void test('without feature negotiation upgrades nothing', async (t) => {
    const nsqd = await runNsqd(t)
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    t.after(() => client.destroy())
    client.send('  V2')
    const body = { feature_negotiation: false, snappy: true, deflate: true }
    client.send(withBody('IDENTIFY', Buffer.from(JSON.stringify(body))))
    await client.expectOk()
    client.send(withBody('PUB t', Buffer.from('x')))
    await client.expectOk()
  })

  void test('again is allowed before an upgrade and refused after it', async (t) => {
    const nsqd = await runNsqd(t)
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    client.send('  V2')
    assert.equal((await client.identify({}))['snappy'], false)
    assert.equal((await client.identify({ snappy: true }))['snappy'], true)
    client.startSnappy()
    await client.expectOk()
    client.send(withBody('IDENTIFY', Buffer.from('{}')))
    assert.match(await client.error(), /^E_INVALID cannot IDENTIFY again after TLS or compression$/)
    await client.closed()
  })

  void test('waits for the publishes before it, then upgrades', async (t) => {
    const nsqd = await runNsqd(t, { ackAfter: 'fsync' })
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    t.after(() => client.destroy())
    const body = Buffer.from(JSON.stringify({ feature_negotiation: true, deflate: true }))
    const publish = withBody('PUB t', Buffer.from('x'))
    client.send(Buffer.concat([Buffer.from('  V2'), publish, withBody('IDENTIFY', body)]))
    await client.expectOk()
    assert.match((await client.frame()).data.toString(), /"deflate":true/)
    client.startDeflate(6)
    await client.expectOk()
    client.send(publish)
    await client.expectOk()
  })

  void test('throws away what comes before the upgrade is in place', async (t) => {
    const nsqd = await runNsqd(t)
    const client = await UpgradingClient.connect(nsqd.tcpAddress)
    t.after(() => client.destroy())
    client.send('  V2')
    const identified = client.identify({ snappy: true })
    client.send(withBody('PUB t', Buffer.from('x')))
    assert.equal((await identified)['snappy'], true)
    client.startSnappy()
    await client.expectOk()
    assert.equal(nsqd.statsSource().topics.length, 0)
  })
})

function snappyChunk(type: number, plain: Buffer, block: Buffer, claimed?: number): Buffer {
  const crc = crc32c(plain)
  const header = Buffer.alloc(8)
  header[0] = type
  header.writeUIntLE(claimed ?? block.length + 4, 1, 3)
  header.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0, 4)
  return Buffer.concat([header, block])
}

/** Sends the bytes behind IDENTIFY; gives what nsqd logs when it has closed the connection. */
async function rejected(t: TestContext, fields: object, bytes: Buffer): Promise<string> {
  const lines: string[] = []
  const nsqd = await runNsqd(t, {}, (line) => lines.push(line))
  const { client } = await UpgradingClient.identified(nsqd.tcpAddress, fields)
  client.socket.write(bytes)
  await client.closed()
  // Others go on.
  const { client: other } = await UpgradingClient.identified(nsqd.tcpAddress, fields)
  other.destroy()
  return lines.find((line) => line.includes('cannot be read')) ?? lines.join('')
}

void suite('hostile bytes', () => {
  const start = Buffer.from('ff060000734e61507059', 'hex')
  const nop = Buffer.from('NOP\n')
  const bad = [
    { what: 'no identifier', bytes: snappyChunk(1, nop, nop), why: /no identifier/ },
    {
      what: 'a wrong checksum',
      bytes: Buffer.concat([start, snappyChunk(1, Buffer.from('NOPE'), nop)]),
      why: /checksum does not fit/,
    },
    {
      what: 'a chunk too large',
      bytes: Buffer.concat([start, snappyChunk(0, nop, nop, 0xff_ffff)]),
      why: /chunk of 16777215 bytes/,
    },
    {
      what: 'a block that claims 4 GiB',
      bytes: Buffer.concat([start, snappyChunk(0, nop, Buffer.from('ffffffff0f00', 'hex'))]),
      why: /claims 4294967295 bytes/,
    },
    {
      what: 'a block that is none',
      bytes: Buffer.concat([start, snappyChunk(0, nop, Buffer.from('04ffffff', 'hex'))]),
      why: /cannot be restored/,
    },
  ]
  for (const { what, bytes, why } of bad) {
    void test(`snappy with ${what} closes the connection`, async (t) => {
      assert.match(await rejected(t, { snappy: true }, bytes), why)
    })
  }

  void test('bytes that are not deflate close the connection', async (t) => {
    const bytes = Buffer.from('07ffff', 'hex')
    assert.match(await rejected(t, { deflate: true }, bytes), /deflate: invalid block type/)
  })

  void test('a deflate bomb does not grow memory', async (t) => {
    const nsqd = await runNsqd(t, { maxBodySize: 64 * 1024 * 1024 })
    const { client } = await UpgradingClient.identified(nsqd.tcpAddress, { deflate: true })
    t.after(() => client.destroy())
    // 1 GiB of commands in 2 MB, each with an error of 60 bytes that is not read.
    const deflate = createDeflateRaw({ level: 9, flush: constants.Z_SYNC_FLUSH })
    const block = Buffer.alloc(16 * 1024 * 1024, 'NOP\n')
    const parts: Buffer[] = []
    deflate.on('data', (bytes: Buffer) => parts.push(bytes))
    deflate.write(block)
    deflate.flush(() => undefined)
    await once(deflate, 'drain')
    await sleep(200)
    const bytes = Buffer.concat(parts)
    const before = process.memoryUsage.rss()
    for (let i = 0; i < 64; i++) client.socket.write(bytes)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
    client.send(withBody('PUB t', Buffer.from('still here')))
    const end = Date.now() + 9_000
    while (client.socket.writableLength > 0 && Date.now() < end) await sleep(10)
    clearInterval(watch)
    assert.ok(most - before < 100 * 1024 * 1024, `grew by ${most - before}`)
  })

  void test('a bomb that is one endless line closes the connection', async (t) => {
    const nsqd = await runNsqd(t)
    for (const fields of [{ deflate: true }, { snappy: true }]) {
      const { client } = await UpgradingClient.identified(nsqd.tcpAddress, fields)
      const plain = Buffer.alloc('deflate' in fields ? 64 * 1024 * 1024 : 65_536, 'x')
      const chunk = snappyChunk(0, plain, compressSync(plain))
      const bytes =
        'deflate' in fields ? deflateRawSync(plain) : Buffer.concat([start, chunk, chunk])
      client.socket.write(bytes)
      await client.closed()
    }
  })

  for (const fields of [{}, { deflate: true }, { snappy: true }]) {
    const name = JSON.stringify(fields)
    void test(`a peer with ${name} that takes nothing is sent no more`, async (t) => {
      const nsqd = await runNsqd(t)
      const { client: stuck } = await subscribed(nsqd, fields)
      t.after(() => stuck.destroy())
      stuck.socket.pause()
      const url = `http://${nsqd.httpAddress}/pub?topic=t`
      const publish = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n++) {
          await fetch(url, { method: 'POST', body: randomBytes(1_000_000) })
        }
      }
      // More than the operating system holds for one connection.
      await publish(16)
      const [session] = nsqd.statsSource().sessions
      let inFlight = -1
      while (session!.inFlight !== inFlight) {
        inFlight = session!.inFlight
        await sleep(300)
      }
      assert.ok(inFlight > 0)
      await publish(4)
      await sleep(100)
      assert.equal(session!.inFlight, inFlight)
      // The others are another consumer's, and what was sent is not lost.
      const { client: other } = await subscribed(nsqd, fields)
      t.after(() => other.destroy())
      for (let n = inFlight; n < 20; n++) await receive(other)
      stuck.socket.resume()
      for (let n = 0; n < inFlight; n++) await receive(stuck)
    })
  }
})
