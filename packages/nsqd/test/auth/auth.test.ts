import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { encodeAuth, encodeIdentify, encodeMpub, encodePub, type TopicName } from '@tsq/protocol'

import type { Nsqd } from '../../src/nsqd.ts'
import type { NsqdOptions } from '../../src/options.ts'
import { allowAll, type AuthQuery, FakeAuthServer } from '../support/fake-auth-server.ts'
import { getJson, post, withNsqd } from '../support/running-nsqd.ts'
import { V2Client } from '../support/v2-client.ts'
import { waitUntil } from '../support/wait-until.ts'

const ANSWER = '{"identity":"bob","identity_url":"http://example/bob","permission_count":1}'
const t = 't' as TopicName

async function withAuth(
  run: (server: FakeAuthServer, nsqd: Nsqd) => Promise<void>,
  options: Partial<NsqdOptions> = {},
): Promise<void> {
  await using server = await FakeAuthServer.start()
  await withNsqd({ authHttpAddresses: [server.address], ...options }, (nsqd) => run(server, nsqd))
}

/** What a new connection is answered to `parts`, the last of which is fatal. */
async function answersTo(nsqd: Nsqd, ...parts: (string | Uint8Array)[]): Promise<string[]> {
  await using client = await V2Client.connect(nsqd.tcpAddress)
  client.send(...parts)
  await client.closed()
  return client.frames
}

/** size(int32) */
function size(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** What one query looked like. */
async function queryOf(
  server: FakeAuthServer,
  nsqd: Nsqd,
  secret: string | Uint8Array,
): Promise<AuthQuery> {
  await using client = await V2Client.connect(nsqd.tcpAddress)
  const body = Buffer.from(secret)
  client.send('AUTH\n', size(body.length), body)
  assert.equal(await client.next(), ANSWER)
  return server.queries.at(-1)!
}

void suite('AUTH', () => {
  void test('asks with GET', () =>
    withAuth(async (server, nsqd) => {
      assert.deepEqual(await queryOf(server, nsqd, 'sec ret/&'), {
        method: 'GET',
        url: '/auth?common_name=&remote_ip=127.0.0.1&secret=sec+ret%2F%26&tls=false',
        accept: 'application/vnd.nsq; version=1.0',
        contentType: '',
        body: '',
      })
      const { url } = await queryOf(server, nsqd, Buffer.of(0xff, 0, 0x7e))
      assert.match(url, /&secret=%FF%00~&/)
    }))

  void test('asks with POST where that is configured', () =>
    withAuth(
      async (server, nsqd) => {
        assert.deepEqual(await queryOf(server, nsqd, 'sec'), {
          method: 'POST',
          url: '/auth',
          accept: 'application/vnd.nsq; version=1.0',
          contentType: 'application/json',
          body: '{"common_name":[""],"remote_ip":["127.0.0.1"],"secret":["sec"],"tls":["false"]}',
        })
      },
      { authHttpRequestMethod: 'post' },
    ))

  void test('takes a URL as it is, its query too', async () => {
    await using server = await FakeAuthServer.start()
    const authHttpAddresses = [`http://${server.address}/v1/check?site=a`]
    await withNsqd({ authHttpAddresses }, async (nsqd) => {
      const { url } = await queryOf(server, nsqd, 'x')
      assert.equal(url, '/v1/check?site=a&common_name=&remote_ip=127.0.0.1&secret=x&tls=false')
    })
  })

  void test('shows in the IDENTIFY answer and in the statistics', () =>
    withAuth(async (_, nsqd) => {
      await using client = await V2Client.connect(nsqd.tcpAddress)
      client.send(encodeIdentify({ feature_negotiation: true }))
      assert.match(await client.next(), /"auth_required":true/)
      client.send(encodeAuth('x'), 'SUB t c\n')
      assert.equal(await client.next(), ANSWER)
      assert.equal(await client.next(), 'OK')
      const stats = JSON.stringify(await getJson(nsqd, '/stats?format=json'))
      const fields =
        '"user_agent":"","authed":true,"auth_identity":"bob",' +
        '"auth_identity_url":"http://example/bob","topology_zone"'
      assert.ok(stats.includes(fields), stats)
    }))

  void test('is refused where no server is configured', () =>
    withNsqd({}, async (nsqd) => {
      assert.deepEqual(await answersTo(nsqd, encodeAuth('x')), ['E_AUTH_DISABLED AUTH disabled'])
    }))

  void test('is refused twice', () =>
    withAuth(async (_, nsqd) => {
      assert.deepEqual(await answersTo(nsqd, encodeAuth('x'), encodeAuth('x')), [
        ANSWER,
        'E_INVALID AUTH already set',
      ])
    }))

  void test('is refused after SUB', () =>
    withAuth(async (_, nsqd) => {
      assert.deepEqual(await answersTo(nsqd, encodeAuth('x'), 'SUB t c\n', encodeAuth('x')), [
        ANSWER,
        'OK',
        'E_INVALID cannot AUTH in current state',
      ])
    }))

  const malformed: [parts: (string | Uint8Array)[], error: string][] = [
    [['AUTH \n'], 'E_INVALID AUTH invalid number of parameters'],
    [['AUTH x\n'], 'E_INVALID AUTH invalid number of parameters'],
    [['AUTH\n', size(101)], 'E_BAD_BODY AUTH body too big 101 > 100'],
    [['AUTH\n', size(0)], 'E_BAD_BODY AUTH invalid body size 0'],
    [['AUTH\n', size(-1)], 'E_BAD_BODY AUTH invalid body size -1'],
  ]
  for (const [parts, error] of malformed) {
    void test(`answers ${error}`, () =>
      withAuth(
        async (server, nsqd) => {
          assert.deepEqual(await answersTo(nsqd, ...parts), [error])
          assert.equal(server.queries.length, 0)
        },
        { maxBodySize: 100 },
      ))
  }

  void test('is refused with half a body', () =>
    withAuth(async (_, nsqd) => {
      const half: [Uint8Array[], string][] = [
        [[], 'E_BAD_BODY AUTH failed to read body size'],
        [[size(5), Buffer.from('x')], 'E_BAD_BODY AUTH failed to read body'],
      ]
      for (const [parts, error] of half) {
        await using client = await V2Client.connect(nsqd.tcpAddress)
        client.send('AUTH\n', ...parts)
        client.end()
        assert.equal(await client.next(), error)
      }
    }))

  void test('is refused without any authorization', () =>
    withAuth(async (server, nsqd) => {
      server.onQuery = (response) => response.end(allowAll({ authorizations: [] }))
      assert.deepEqual(await answersTo(nsqd, encodeAuth('x')), [
        'E_UNAUTHORIZED AUTH no authorizations found',
      ])
    }))

  const failing: [what: string, onQuery: FakeAuthServer['onQuery']][] = [
    ['refuses', (response) => response.writeHead(403).end('{}')],
    ['fails', (response) => response.writeHead(500).end(allowAll())],
    ['answers 201', (response) => response.writeHead(201).end(allowAll())],
    ['sends elsewhere', (response) => response.writeHead(302, { Location: '/' }).end()],
    ['answers garbage', (response) => response.end('{"ttl":')],
    ['allows the unknown', (response) => response.end(allowAll({ ttl: 0 }))],
    ['closes at once', (response) => response.socket?.destroy()],
    [
      'closes in the middle',
      (response) => {
        response.writeHead(200, { 'Content-Length': 1_000 })
        response.write('{"ttl":60,')
        setTimeout(() => response.socket?.destroy(), 20)
      },
    ],
    ['says nothing', () => undefined],
    [
      'never ends',
      (response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(50_000)));
          if (!response.destroyed) response.once('drain', more)
        }
        more()
      },
    ],
    [
      'drips',
      (response) => {
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ]
  for (const [what, onQuery] of failing) {
    void test(`fails with a server that ${what}; the next is asked`, () =>
      withAuth(
        async (server, nsqd) => {
          server.onQuery = onQuery
          assert.deepEqual(await answersTo(nsqd, encodeAuth('x')), ['E_AUTH_FAILED AUTH failed'])
          assert.equal(server.queries.length, 1, 'each server is asked once')
          await using good = await FakeAuthServer.start()
          const options = {
            authHttpAddresses: [server.address, good.address],
            httpClientRequestTimeoutMs: 200,
          }
          await withNsqd(options, async (other) => {
            for (let i = 0; i < 2; i++) await queryOf(good, other, 'x')
          })
        },
        { httpClientRequestTimeoutMs: 200 },
      ))
  }

  void test('fails where nobody listens', () =>
    withNsqd({ authHttpAddresses: ['127.0.0.1:1', 'http://127.0.0.1:1/x'] }, async (nsqd) => {
      assert.deepEqual(await answersTo(nsqd, encodeAuth('x')), ['E_AUTH_FAILED AUTH failed'])
    }))
})

void suite('with an auth server', () => {
  const mpub = encodeMpub(t, [Buffer.from('x')])
  const pub = encodePub(t, Buffer.from('x'))
  const dpub = Buffer.concat([Buffer.from('DPUB t 10\n'), size(1), Buffer.from('x')])

  const commands: [name: string, bytes: string | Uint8Array, channel: string][] = [
    ['SUB', 'SUB t c\n', 'c'],
    ['PUB', pub, ''],
    ['MPUB', mpub, ''],
    ['DPUB', dpub, ''],
  ]
  for (const [name, bytes, channel] of commands) {
    void test(`${name} needs AUTH first`, () =>
      withAuth(async (server, nsqd) => {
        assert.deepEqual(await answersTo(nsqd, bytes), [
          `E_AUTH_FIRST AUTH required before ${name}`,
        ])
        assert.equal(nsqd.topics.size, 0)
        assert.equal(server.queries.length, 0)
      }))

    void test(`${name} needs permission for the topic and channel`, () =>
      withAuth(async (server, nsqd) => {
        const wrong = name === 'SUB' ? 'publish' : 'subscribe'
        const right = name === 'SUB' ? 'subscribe' : 'publish'
        const authorizations = [
          { topic: 't', channels: ['.*'], permissions: [wrong] },
          { topic: 't2|xt', channels: ['.*'], permissions: [right] },
          { topic: 't', channels: ['cc', 'x'], permissions: [right] },
        ]
        server.onQuery = (response) => response.end(allowAll({ authorizations }))
        const answers = await answersTo(nsqd, encodeAuth('x'), bytes)
        assert.deepEqual(answers.slice(1), [
          `E_UNAUTHORIZED AUTH failed for ${name} on "t" "${channel}"`,
        ])
        assert.equal(nsqd.topics.size, 0)
      }))

    void test(`${name} is taken where it is allowed`, () =>
      withAuth(async (_, nsqd) => {
        await using client = await V2Client.connect(nsqd.tcpAddress)
        client.send(encodeAuth('x'), bytes)
        assert.deepEqual([await client.next(), await client.next()], [ANSWER, 'OK'])
      }))
  }

  void test('a command that comes when the answer is too old waits for another', () =>
    withAuth(async (server, nsqd) => {
      server.onQuery = (response) => response.end(allowAll({ ttl: 1 }))
      const clients: V2Client[] = []
      for (const _ of commands) {
        const client = await V2Client.connect(nsqd.tcpAddress)
        client.send(encodeAuth('x'))
        assert.equal(await client.next(), ANSWER)
        clients.push(client)
      }
      await sleep(1_010)
      for (const [i, [name, bytes]] of commands.entries()) {
        clients[i]!.send(bytes, pub)
        assert.equal(await clients[i]!.next(), 'OK', name)
        assert.equal(await clients[i]!.next(), 'OK', name)
        assert.equal(server.queries.length, commands.length + i + 1)
        await clients[i]![Symbol.asyncDispose]()
      }
    }))

  void test('HTTP is not asked for anything', () =>
    withAuth(async (server, nsqd) => {
      await post(nsqd, '/pub?topic=t', 'x')
      assert.equal(server.queries.length, 0)
    }))

  void test('what is sent meanwhile waits, byte by byte and in order; others go on', () =>
    withAuth(async (server, nsqd) => {
      let answer: (() => void) | undefined
      server.onQuery = (response) => (answer = () => response.end(allowAll()))
      await using client = await V2Client.connect(nsqd.tcpAddress)
      const bodies = Array.from({ length: 50 }, (_, i) =>
        Buffer.from(`body ${i} `.repeat(i * 20 + 1)),
      )
      const all = Buffer.concat([
        encodeAuth('x'),
        ...bodies.map((body) => encodePub(t, body)),
        encodeMpub(t, bodies),
        Buffer.from('SUB t c\nRDY 200\n'),
      ])
      for (let at = 0; at < all.length; at += 7_001) {
        client.send(all.subarray(at, at + 7_001))
        await sleep(1)
      }
      await waitUntil(() => server.queries.length === 1)
      await using other = await V2Client.connect(nsqd.tcpAddress)
      other.send('PUB nope\n', size(1), 'x')
      assert.equal(await other.next(), 'E_AUTH_FIRST AUTH required before PUB')
      assert.deepEqual(client.frames, [])
      answer?.()
      await waitUntil(() => client.frames.length === 153)
      assert.deepEqual(client.frames.slice(0, 53), [ANSWER, ...Array<string>(52).fill('OK')])
      const texts = bodies.map((body) => `message ${body.toString()}`)
      assert.deepEqual(client.frames.slice(53), [...texts, ...texts])
    }))

  void test('a client that goes meanwhile takes its question with it', () =>
    withAuth(async (server, nsqd) => {
      let isGone = false
      server.onQuery = (response) => response.on('close', () => (isGone = true))
      const client = await V2Client.connect(nsqd.tcpAddress)
      client.send(encodeAuth('x'))
      await waitUntil(() => server.queries.length === 1)
      await nsqd.close()
      await client.closed()
      await waitUntil(() => isGone)
    }))

  void test('a client that sends all and half-closes is answered all', () =>
    withAuth(async (server, nsqd) => {
      server.onQuery = (response) => setTimeout(() => response.end(allowAll()), 50)
      await using client = await V2Client.connect(nsqd.tcpAddress)
      client.send(encodeAuth('x'), pub, mpub)
      client.end()
      await client.closed()
      assert.deepEqual(client.frames, [ANSWER, 'OK', 'OK'])
    }))

  void test('a client is not silent while it is kept waiting', () =>
    withAuth(async (server, nsqd) => {
      server.onQuery = (response) => setTimeout(() => response.end(allowAll()), 2_600)
      await using client = await V2Client.connect(nsqd.tcpAddress)
      client.send(encodeIdentify({ heartbeat_interval: 1_000 }), encodeAuth('x'), pub)
      await waitUntil(() => client.frames.includes(ANSWER))
      assert.deepEqual(client.frames.slice(0, 3), ['OK', '_heartbeat_', '_heartbeat_'])
      await waitUntil(() => client.frames.at(-1) === 'OK')
    }))
})
