import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeResponse } from '@tsq/protocol'
import { parseAddress } from '../src/address.ts'
import { Connection } from '../src/connection.ts'
import {
  connectionOptions,
  connectionRules,
  type GivenConnectionOptions,
} from '../src/connection-options.ts'
import { NsqError } from '../src/errors.ts'
import { resolveOptions } from '../src/options.ts'
import { Producer } from '../src/producer.ts'
import { FakeNsqd, type FakeOptions } from './support/fake-nsqd.ts'
import { RawServer } from './support/raw-server.ts'

function open(address: string, given: GivenConnectionOptions = {}): Promise<Connection> {
  const options = resolveOptions(connectionOptions, given, connectionRules)
  return Connection.open(parseAddress(address), options)
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof NsqError, String(error))
    return error.code
  }
  return 'none'
}

void test('IDENTIFY says what nsqd needs to know', async () => {
  await using fake = await FakeNsqd.start()
  const connection = await open(fake.address, {
    clientId: 'me',
    hostname: 'me.example',
    msgTimeoutMs: 1_234,
    topologyZone: 'z',
    sampleRate: 7,
  })
  const said = fake.last.identify
  assert.equal(said['client_id'], 'me')
  assert.equal(said['hostname'], 'me.example')
  assert.equal(said['feature_negotiation'], true)
  assert.equal(said['heartbeat_interval'], 30_000)
  assert.equal(said['msg_timeout'], 1_234)
  assert.equal(said['topology_zone'], 'z')
  assert.equal(said['sample_rate'], 7)
  assert.equal(connection.server?.version, '1.3.0')
  connection.destroy()
})

void test('a server that answers IDENTIFY with OK is an old one', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name !== 'IDENTIFY') return false
      session.ok()
      return true
    },
  })
  const connection = await open(fake.address)
  assert.equal(connection.server?.maxRdyCount, 2_500)
  assert.equal(connection.server.msgTimeoutMs, 60_000)
  connection.destroy()
})

const tls = { ca: undefined, rejectUnauthorized: false }
const layers: [string, GivenConnectionOptions, NonNullable<FakeOptions['grants']>][] = [
  ['plain', {}, {}],
  ['TLS', { tls }, { tls: true }],
  ['deflate', { deflate: true }, { deflate: true }],
  ['snappy', { snappy: true }, { snappy: true }],
  ['TLS and deflate', { tls, deflate: true }, { tls: true, deflate: true }],
  ['TLS and snappy', { tls, snappy: true }, { tls: true, snappy: true }],
]
for (const [name, options, grants] of layers) {
  void test(`publishes over ${name}, small bodies and 100 kB`, async () => {
    const bodies: Buffer[] = []
    await using fake = await FakeNsqd.start({
      grants,
      onCommand: (command) => {
        if (command.name.endsWith('PUB')) bodies.push(...command.bodies)
        return false
      },
    })
    await using producer = new Producer({ nsqd: fake.address, ...options })
    const large = randomBytes(100_000)
    const text = Buffer.from('a text that repeats, '.repeat(500))
    await Promise.all([
      producer.publish('t', 'small'),
      producer.publish('t', large),
      producer.publishMany('t', [large, 'x', text]),
    ])
    assert.deepEqual(
      bodies.map((body) => body.toString('latin1')),
      [Buffer.from('small'), large, large, Buffer.from('x'), text].map((body) =>
        body.toString('latin1'),
      ),
    )
  })
}

void test('TLS that is not granted fails the connection unless it may go without', async () => {
  await using fake = await FakeNsqd.start()
  assert.equal(await codeOf(open(fake.address, { tls })), 'ERR_FEATURE_REFUSED')
  const connection = await open(fake.address, { tls, requireTls: false })
  connection.destroy()
})

void test('a certificate nobody vouches for fails the connection', async () => {
  await using fake = await FakeNsqd.start({ grants: { tls: true } })
  assert.equal(await codeOf(open(fake.address, { tls: true })), 'ERR_TLS')
})

void test('AUTH is sent when asked for, and its absence is an error', async () => {
  await using fake = await FakeNsqd.start({ identify: { auth_required: true } })
  const connection = await open(fake.address, { authSecret: 'secret' })
  assert.equal(connection.auth?.identity, 'bob')
  connection.destroy()
  assert.equal(await codeOf(open(fake.address)), 'ERR_AUTH_REQUIRED')
})

void test('error frames in the handshake carry the server code', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (_command, session) => {
      session.error('E_BAD_BODY IDENTIFY heartbeat interval (100) is invalid')
      return true
    },
  })
  await assert.rejects(open(fake.address, { heartbeatIntervalMs: 100 }), {
    code: 'ERR_IDENTIFY',
    retryable: false,
    message: 'failed to IDENTIFY - E_BAD_BODY IDENTIFY heartbeat interval (100) is invalid',
  })
})

void test('an HTTP port is recognised', async () => {
  await using server = await RawServer.start(() => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await assert.rejects(open(server.address), {
    code: 'ERR_PROTOCOL',
    message: 'unexpected HTTP response, a nsqd TCP endpoint is required',
  })
})

void test('refused connections, silent servers and early closes are typed errors', async () => {
  await using silent = await FakeNsqd.start({ onCommand: () => true })
  assert.equal(
    await codeOf(open(silent.address, { handshakeTimeoutMs: 30 })),
    'ERR_HANDSHAKE_TIMEOUT',
  )
  await using closing = await FakeNsqd.start({
    onCommand: (_command, session) => {
      session.destroy()
      return true
    },
  })
  assert.equal(await codeOf(open(closing.address)), 'ERR_CONNECTION_LOST')
  const { address } = closing
  await closing.close()
  assert.equal(await codeOf(open(address)), 'ERR_CONNECT')
})

void test('a handshake cut at any byte gives a typed error', async () => {
  const reply = Buffer.concat([
    encodeResponse('{"auth_required":true,"max_rdy_count":2500}'),
    encodeResponse('{"identity":"bob"}'),
  ])
  let cut = 0
  await using server = await RawServer.start(() => reply.subarray(0, cut))
  for (cut = 0; cut < reply.length; cut++) {
    const code = await codeOf(open(server.address, { authSecret: 's' }))
    assert.equal(code, 'ERR_CONNECTION_LOST', `cut at ${cut}`)
  }
})

void test('an aborted handshake rejects with the reason', async () => {
  await using fake = await FakeNsqd.start({ onCommand: () => true })
  const aborter = new AbortController()
  const options = resolveOptions(connectionOptions, {})
  const opening = Connection.open(parseAddress(fake.address), options, aborter.signal)
  await fake.until(() => fake.sessions.length === 1)
  aborter.abort(new Error('enough'))
  await assert.rejects(opening, { message: 'enough' })
})

void test('heartbeats are answered and a silent server is given up', async () => {
  await using fake = await FakeNsqd.start()
  await using producer = new Producer({
    nsqd: fake.address,
    readTimeoutMs: 120,
    heartbeatIntervalMs: 100,
  })
  await producer.connect()
  fake.last.respond('_heartbeat_')
  fake.last.respond('_heartbeat_')
  await fake.until(() => fake.last.nops === 2, 'two NOPs')
  const [, error] = await new Promise<[string, NsqError | undefined]>((resolve) => {
    producer.once('disconnect', (...args) => resolve(args))
  })
  assert.equal(error?.code, 'ERR_READ_TIMEOUT')
})

void test('a server that takes nothing is given up', async () => {
  await using fake = await FakeNsqd.start({
    onCommand: (command, session) => {
      if (command.name === 'IDENTIFY') return false
      session.pause()
      return true
    },
  })
  await using producer = new Producer({
    nsqd: fake.address,
    writeTimeoutMs: 100,
    maxMessageBytes: 50_000_000,
    closeTimeoutMs: 0,
  })
  await producer.connect()
  const publishing = producer.publish('t', Buffer.alloc(40_000_000))
  await assert.rejects(publishing, (error: Error) => {
    assert.ok(error instanceof NsqError && error.cause instanceof NsqError)
    assert.equal(error.code, 'ERR_OUTCOME_UNKNOWN')
    assert.equal(error.cause.code, 'ERR_WRITE_TIMEOUT')
    return true
  })
})

void test('connects to unix sockets, IPv6 and names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsq-client-'))
  const path = join(folder, 'nsqd.sock')
  try {
    await using onSocket = await FakeNsqd.start({ listen: { path } })
    const overSocket = await open(onSocket.address)
    overSocket.destroy()
    await using onV6 = await FakeNsqd.start({ listen: { port: 0, host: '::1' } })
    const overV6 = await open(onV6.address)
    overV6.destroy()
    await using fake = await FakeNsqd.start()
    const byName = await open(`localhost:${fake.port}`, { localAddress: '127.0.0.1' })
    assert.match(byName.localKey, /^127\.0\.0\.1:/)
    byName.destroy()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
