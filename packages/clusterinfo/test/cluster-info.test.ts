import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'

import { ClusterInfo, type ClusterInfoOptions, UpstreamError } from '../src/index.ts'
import { nobody, producer, upstream } from './support/upstream.ts'

function clusterOf(t: TestContext, options: ClusterInfoOptions): ClusterInfo {
  const cluster = new ClusterInfo({ requestTimeoutMs: 500, ...options })
  t.after(() => cluster.close())
  return cluster
}

void suite('questions to several nsqlookupd', () => {
  void test('topics are the union of what all know, by the order of bytes', async (t) => {
    const a = await upstream(t, { '/topics': { topics: ['b', 'a', 'Z'] } })
    const b = await upstream(t, { '/topics': { topics: ['c', 'a'] } })
    const cluster = clusterOf(t, { lookupds: [a.address, b.address] })
    assert.deepEqual(await cluster.topics(), { value: ['Z', 'a', 'b', 'c'], warnings: [] })
  })

  void test('no topics at all is an empty list, as null too', async (t) => {
    const a = await upstream(t, { '/topics': { topics: null } })
    assert.deepEqual((await clusterOf(t, { lookupds: [a.address] }).topics()).value, [])
  })

  void test('one that is down is named in a warning; all that are down are an error', async (t) => {
    const up = await upstream(t, { '/topics': { topics: ['a'] } })
    const down = await nobody()
    const { value, warnings } = await clusterOf(t, { lookupds: [down, up.address] }).topics()
    assert.deepEqual(value, ['a'])
    assert.match(warnings.join(), new RegExp(`^Get "http://${down}/topics": .*connection refused`))
    await assert.rejects(clusterOf(t, { lookupds: [down, down] }).topics(), (error) => {
      assert.ok(error instanceof UpstreamError)
      assert.match(error.message, /^failed to query any nsqlookupd: Get .*\nGet /)
      return !error.isNotFound
    })
  })

  void test('one that answers nonsense, too slowly or too much is named as well', async (t) => {
    const good = await upstream(t, { '/topics': { topics: ['a'] } })
    const bad: [ReturnType<typeof upstream>, RegExp][] = [
      [upstream(t, { '/topics': (_, response) => void response.end('<html>') }), /unusable answer/],
      [upstream(t, { '/topics': (_, response) => void response.end('[1]') }), /not an object/],
      [upstream(t, { '/topics': { topics: 'a' } }), /topics is not a list/],
      [upstream(t, { '/topics': { topics: [7] } }), /holds something that is not text/],
      [upstream(t, { '/topics': () => undefined }), /no answer within 500ms/],
      [
        upstream(t, { '/topics': { topics: ['x'.repeat(5_000)] } }),
        /answer of more than 4096 bytes/,
      ],
      [
        upstream(t, { '/topics': { status: 500, json: { message: 'X' } } }),
        /got response 500 Internal Server Error "\{\\"message\\":\\"X\\"\}" from http/,
      ],
    ]
    for (const [starting, expected] of bad) {
      const { address } = await starting
      const lookupds = [address, good.address]
      const { value, warnings } = await clusterOf(t, { lookupds, maxAnswerBytes: 4_096 }).topics()
      assert.deepEqual(value, ['a'])
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', expected)
      assert.ok(warnings[0]?.includes(address))
    }
  })

  void test('nodes are one each, with every connection that was seen of them', async (t) => {
    const a = await upstream(t, {
      '/nodes': oneNode('127.0.0.1:1', { topics: ['b', 'a'], tombstones: [true, false] }),
    })
    const b = await upstream(t, {
      '/nodes': oneNode('127.0.0.1:2', { topics: [], tombstones: [] }),
    })
    const cluster = clusterOf(t, { lookupds: [a.address, b.address] })
    assert.deepEqual((await cluster.nodes()).value, [
      {
        remote_addresses: [`${a.address}/127.0.0.1:1`, `${b.address}/127.0.0.1:2`],
        remote_address: '127.0.0.1:1',
        hostname: 'h1',
        broadcast_address: '127.0.0.1',
        tcp_port: 4150,
        http_port: 4151,
        version: '1.3.0',
        topics: [
          { topic: 'a', tombstoned: false },
          { topic: 'b', tombstoned: true },
        ],
        out_of_date: false,
      },
    ])
  })

  void test('nodes that run less than the newest version are out of date', async (t) => {
    const versions = ['1.3.0', '1.10.0', 'nonsense', '1.10.0-beta', '1.10.0']
    const producers = versions.map((version, i) =>
      producer(`127.0.0.1:${4151 + 2 * i}`, { version, hostname: `h${i}` }),
    )
    const a = await upstream(t, { '/nodes': { producers } })
    const { value } = await clusterOf(t, { lookupds: [a.address] }).nodes()
    assert.deepEqual(
      value.map((node) => node.out_of_date),
      [true, false, true, true, false],
    )
  })

  void test('a node whose address is none is refused with its nsqlookupd named', async (t) => {
    for (const broadcast of ['a/b', 'x@y', '', 'a b', '<b>']) {
      const a = await upstream(t, {
        '/nodes': { producers: [producer('127.0.0.1:4151', { broadcast_address: broadcast })] },
      })
      await assert.rejects(clusterOf(t, { lookupds: [a.address] }).nodes(), /is not a host/)
    }
  })

  void test('a topic that only some know is no warning; one nobody knows is not found', async (t) => {
    const unknown = { status: 404, json: { message: 'TOPIC_NOT_FOUND' } }
    const a = await upstream(t, { '/lookup': unknown })
    const b = await upstream(t, { '/lookup': { channels: [], producers: [producer('x:4151')] } })
    const cluster = clusterOf(t, { lookupds: [a.address, b.address] })
    const { value, warnings } = await cluster.topicNodes('t')
    assert.deepEqual([value.length, warnings], [1, []])
    await assert.rejects(
      clusterOf(t, { lookupds: [a.address] }).topicNodes('a#ephemeral'),
      (error) => error instanceof UpstreamError && error.isNotFound,
    )
    assert.equal(a.asked.at(-1), 'GET /lookup?topic=a%23ephemeral')
  })

  void test('the addresses can be changed while it runs', async (t) => {
    const a = await upstream(t, { '/topics': { topics: ['a'] } })
    const b = await upstream(t, { '/topics': { topics: ['b'] } })
    const cluster = clusterOf(t, { lookupds: [a.address] })
    cluster.lookupds = [b.address]
    assert.deepEqual((await cluster.topics()).value, ['b'])
  })
})

void suite('questions to nsqd', () => {
  void test('without nsqlookupd they are asked for what they have and who they are', async (t) => {
    const a = await upstream(t, { '/stats': statsOf('a'), '/info': infoOf(1_001) })
    const b = await upstream(t, { '/stats': statsOf('b'), '/info': infoOf(1_003) })
    const cluster = clusterOf(t, { lookupds: [], nsqds: [b.address, a.address] })
    assert.deepEqual((await cluster.topics()).value, ['a', 'b'])
    const nodes = (await cluster.nodes()).value
    assert.deepEqual(
      nodes.map(({ http_port: port, topics, remote_addresses: remotes }) => [
        port,
        topics,
        remotes,
      ]),
      [
        [1_001, [{ topic: 'a', tombstoned: false }], null],
        [1_003, [{ topic: 'b', tombstoned: false }], null],
      ],
    )
    const found = (await cluster.topicNodes('b')).value
    assert.deepEqual(
      found.map((node) => node.http_port),
      [1_003],
    )
  })

  void test('clients are asked for only where they are wanted', async (t) => {
    const nsqd = await upstream(t, { '/stats': { topics: [] } })
    const cluster = clusterOf(t, { lookupds: [], nsqds: [] })
    const node = { ...NODE, http_port: Number(nsqd.address.split(':')[1]) }
    await cluster.stats([node])
    await cluster.stats([node], { topic: 't', channel: 'c', clients: true })
    assert.deepEqual(nsqd.asked, [
      'GET /stats?format=json&include_clients=false',
      'GET /stats?format=json&topic=t&channel=c',
    ])
  })

  void test('to none at all is an error', async (t) => {
    await assert.rejects(
      clusterOf(t, { lookupds: [], nsqds: [] }).stats([]),
      /^UpstreamError: failed to query any nsqd: $/,
    )
  })

  void test('connections are kept for the next question', async (t) => {
    const ports = new Set<number | undefined>()
    const nsqd = await upstream(t, {
      '/topics': (request, response) => {
        ports.add(request.socket.remotePort)
        response.end('{"topics":[]}')
      },
    })
    const cluster = clusterOf(t, { lookupds: [nsqd.address] })
    for (let i = 0; i < 5; i++) await cluster.topics()
    assert.equal(ports.size, 1)
  })
})

const NODE = {
  remote_addresses: null,
  remote_address: '',
  hostname: 'h',
  broadcast_address: '127.0.0.1',
  tcp_port: 1,
  http_port: 2,
  version: '1.3.0',
  topics: null,
  out_of_date: false,
}

/** An answer of one node, seen under this address. */
function oneNode(remote: string, more: object = {}): object {
  return { producers: [producer('127.0.0.1:4151', { remote_address: remote, ...more })] }
}

function infoOf(port: number): object {
  return {
    version: '1.3.0',
    broadcast_address: '127.0.0.1',
    hostname: 'h',
    http_port: port,
    tcp_port: port - 1,
    start_time: 1,
  }
}

function statsOf(topic: string): object {
  return { topics: [{ topic_name: topic, channels: [] }] }
}
