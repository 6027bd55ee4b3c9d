import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Nsqd } from '../../src/nsqd.ts'
import type { StatsSnapshot } from '../../src/stats/snapshot.ts'
import { Client } from '../tcp/client.ts'
import { runNsqd } from '../tcp/running.ts'
import { call, JSON_TYPE, NSQ, TEXT } from './request.ts'

async function stats(nsqd: Nsqd, query = ''): Promise<StatsSnapshot> {
  const answer = await call(nsqd.httpAddress, 'GET', `/stats?format=json${query}`)
  assert.deepEqual(
    [answer.status, answer.contentType, answer.nsqContentType],
    [200, JSON_TYPE, NSQ],
  )
  const parsed: StatsSnapshot = JSON.parse(answer.body)
  return parsed
}

/** A topic with a consumer that has one message in flight, one deferred, one waiting; and a producer. */
async function busy(t: Parameters<typeof runNsqd>[0]): Promise<{ nsqd: Nsqd; clients: Client[] }> {
  const nsqd = await runNsqd(t)
  const consumer = await Client.open(nsqd.tcpAddress)
  consumer.command('IDENTIFY', '{"client_id":"cid","hostname":"hst","user_agent":"ua/1.0"}')
  consumer.command('SUB orders billing')
  consumer.command('RDY 1')
  for (let i = 0; i < 2; i++) await consumer.next()
  const producer = await Client.open(nsqd.tcpAddress)
  producer.command('IDENTIFY', '{"client_id":"prod","hostname":"ph","user_agent":"pua/2"}')
  for (const body of ['a', 'bb', 'ccc', 'dddd']) producer.command('PUB orders', body)
  for (let i = 0; i < 5; i++) await producer.next()
  const first = await consumer.next()
  consumer.command(`FIN ${first.id}`)
  const second = await consumer.next()
  consumer.command(`REQ ${second.id} 60000`)
  await consumer.next()
  return { nsqd, clients: [consumer, producer] }
}

void test('/stats as JSON has every key in its order', async (t) => {
  const { nsqd, clients } = await busy(t)
  const seen = await stats(nsqd)
  assert.deepEqual(Object.keys(seen), [
    'version',
    'health',
    'start_time',
    'topics',
    'memory',
    'producers',
  ])
  assert.deepEqual([seen.version, seen.health], ['1.3.0', 'OK'])
  assert.deepEqual(Object.keys(seen.memory ?? {}), [
    'heap_objects',
    'heap_idle_bytes',
    'heap_in_use_bytes',
    'heap_released_bytes',
    'gc_pause_usec_100',
    'gc_pause_usec_99',
    'gc_pause_usec_95',
    'next_gc_bytes',
    'gc_total_runs',
  ])
  const [consumer, producer] = clients
  const connected = seen.producers?.[0]?.connect_ts
  assert.ok(Math.abs(Number(connected) - Date.now() / 1000) < 60)
  const tls = {
    tls: false,
    tls_cipher_suite: '',
    tls_version: '',
    tls_negotiated_protocol: '',
    tls_negotiated_protocol_is_mutual: false,
  }
  const client = {
    client_id: 'cid',
    hostname: 'hst',
    version: 'V2',
    remote_address: `127.0.0.1:${consumer?.socket.localPort}`,
    state: 3,
    ready_count: 1,
    in_flight_count: 1,
    message_count: 3,
    finish_count: 1,
    requeue_count: 1,
    connect_ts: 'number',
    sample_rate: 0,
    deflate: false,
    snappy: false,
    user_agent: 'ua/1.0',
    topology_zone: '',
    topology_region: '',
    ...tls,
  }
  const { topology_zone: zone, topology_region: region, ...before } = client
  const latency = { count: 0, percentiles: null }
  const expected = {
    topics: [
      {
        topic_name: 'orders',
        channels: [
          {
            channel_name: 'billing',
            depth: 1,
            backend_depth: 0,
            in_flight_count: 1,
            deferred_count: 1,
            message_count: 4,
            global_msg_count: 3,
            requeue_count: 1,
            timeout_count: 0,
            client_count: 1,
            clients: [client],
            paused: false,
            e2e_processing_latency: latency,
          },
        ],
        depth: 0,
        backend_depth: 0,
        message_count: 4,
        message_bytes: 10,
        paused: false,
        e2e_processing_latency: latency,
      },
    ],
    producers: [
      {
        ...before,
        client_id: 'prod',
        hostname: 'ph',
        remote_address: `127.0.0.1:${producer?.socket.localPort}`,
        state: 0,
        ready_count: 0,
        in_flight_count: 0,
        message_count: 0,
        finish_count: 0,
        requeue_count: 0,
        user_agent: 'pua/2',
        topology_zone: zone,
        topology_region: region,
        pub_counts: [{ topic: 'orders', count: 4 }],
        ...tls,
      },
    ],
  }
  const masked: unknown = JSON.parse(JSON.stringify(seen), (key, value: unknown) =>
    key === 'connect_ts' ? typeof value : value,
  )
  const { topics, producers } = masked as StatsSnapshot
  assert.deepEqual({ topics, producers }, expected)
  // Tools print keys in the order in which they come.
  assert.equal(JSON.stringify(topics), JSON.stringify(expected.topics))
  for (const one of clients) one.close()
})

void test('a connection that is refused is no consumer and no producer any more', async (t) => {
  const { nsqd, clients } = await busy(t)
  for (const client of clients) client.command('NONSENSE')
  await Promise.all(clients.map((client) => client.ended()))
  const seen = await stats(nsqd)
  assert.equal(seen.producers, null)
  assert.deepEqual(seen.topics?.[0]?.channels[0]?.clients, [])
})

void test('topics and channels are sorted and chosen by name', async (t) => {
  const nsqd = await runNsqd(t)
  for (const topic of ['b', 'a', 'c', 'B']) {
    await call(nsqd.httpAddress, 'POST', `/topic/create?topic=${topic}`)
  }
  for (const channel of ['z', 'y']) {
    await call(nsqd.httpAddress, 'POST', `/channel/create?topic=b&channel=${channel}`)
  }
  const names = async (query: string): Promise<unknown> =>
    (await stats(nsqd, query)).topics?.map(({ topic_name, channels }) => [
      topic_name,
      ...channels.map(({ channel_name }) => channel_name),
    ])
  assert.deepEqual(await names(''), [['B'], ['a'], ['b', 'y', 'z'], ['c']])
  assert.deepEqual(await names('&topic=b'), [['b', 'y', 'z']])
  assert.deepEqual(await names('&channel=y'), [['b', 'y']])
  assert.deepEqual(await names('&topic=&channel='), [['B'], ['a'], ['b', 'y', 'z'], ['c']])
})

void test('what is missing is null or empty as in nsqd', async (t) => {
  const { nsqd, clients } = await busy(t)
  const shape = async (query: string): Promise<unknown> => {
    const { topics, producers } = await stats(nsqd, query)
    return [topics?.length ?? null, producers?.length ?? null]
  }
  assert.deepEqual(await shape('&topic=unknown'), [null, null])
  assert.deepEqual(await shape('&topic=orders&channel=unknown'), [0, 1])
  assert.deepEqual(await shape('&topic=orders&include_clients=false'), [1, null])
  const without = await stats(nsqd, '&include_clients=0')
  assert.equal(without.topics?.[0]?.channels[0]?.clients, null)
  assert.equal(without.topics?.[0]?.channels[0]?.client_count, 1)
  for (const client of clients) client.close()

  const fresh = await runNsqd(t)
  const { topics, producers } = await stats(fresh)
  assert.deepEqual([topics, producers], [[], null])
  await call(fresh.httpAddress, 'POST', '/topic/create?topic=bare')
  assert.deepEqual((await stats(fresh)).topics?.[0]?.channels, [])
})

void test('producers of other topics are listed without counts when a topic is chosen', async (t) => {
  const { nsqd, clients } = await busy(t)
  await call(nsqd.httpAddress, 'POST', '/topic/create?topic=other')
  const { producers } = await stats(nsqd, '&topic=other')
  assert.equal(producers?.length, 1)
  assert.equal('pub_counts' in producers[0]!, false)
  for (const client of clients) client.close()
})

void test('include_mem and include_clients take true, 1, false and 0, and nothing else', async (t) => {
  const { nsqd, clients } = await busy(t)
  for (const [value, isIncluded] of [
    ['true', true],
    ['1', true],
    ['maybe', true],
    ['', true],
    ['FALSE', true],
    ['false', false],
    ['0', false],
  ] as const) {
    const seen = await stats(nsqd, `&include_mem=${value}&include_clients=${value}`)
    assert.equal('memory' in seen, isIncluded, value)
    assert.equal(seen.topics?.[0]?.channels[0]?.clients !== null, isIncluded, value)
  }
  const bad = await call(nsqd.httpAddress, 'GET', '/stats?format=json&topic=%zz')
  assert.deepEqual([bad.status, bad.body], [400, '{"message":"INVALID_REQUEST"}'])
  for (const client of clients) client.close()
})

void test('anything but format=json is text for people', async (t) => {
  const { nsqd, clients } = await busy(t)
  await call(nsqd.httpAddress, 'POST', '/topic/pause?topic=orders')
  await call(nsqd.httpAddress, 'POST', '/channel/create?topic=orders&channel=arch')
  await call(nsqd.httpAddress, 'POST', '/channel/pause?topic=orders&channel=arch')
  await call(nsqd.httpAddress, 'POST', '/topic/create?topic=e')
  for (const query of ['?include_mem=0', '?include_mem=0&format=JSON']) {
    const answer = await call(nsqd.httpAddress, 'GET', `/stats${query}`)
    assert.deepEqual([answer.status, answer.contentType, answer.nsqContentType], [200, TEXT, NSQ])
    const text = answer.body
      .replace(/^nsqd v1\.3\.0 \(.*\)$/m, 'VERSION')
      .replace(/^start_time \S+$/m, 'start_time TIME')
      .replace(/^uptime [0-9.hmsµ]+$/m, 'uptime DURATION')
      .replaceAll(/(hst|ph):\d{5} /g, '$1:PORT! ')
      .replaceAll(/connected: \d+s/g, 'connected: DURATION')
    assert.equal(text, TEXT_STATS)
  }
  const withMemory = await call(nsqd.httpAddress, 'GET', '/stats')
  assert.match(withMemory.body, /\n\nMemory:\n {3}heap_objects {13}\t\d+\n/)
  for (const client of clients) client.close()
})

const TEXT_STATS = `VERSION
start_time TIME
uptime DURATION

Health: OK

Topics:
   [e              ] depth: 0     be-depth: 0     msgs: 0        e2e%: 

*P [orders         ] depth: 0     be-depth: 0     msgs: 4        e2e%: 
   *P [arch                     ] depth: 0     be-depth: 0     inflt: 0    def: 0    re-q: 0     timeout: 0     msgs: 0        e2e%: 
      [billing                  ] depth: 1     be-depth: 0     inflt: 1    def: 1    re-q: 1     timeout: 0     msgs: 4        e2e%: 
        [V2 hst:PORT! ua/1.0     ] state: 3 inflt: 1    rdy: 1    fin: 1        re-q: 1        msgs: 3        connected: DURATION

Producers:
   [V2 ph:PORT! pua/2       ] msgs: 4        topics: orders=4 connected: DURATION
`

void test('an nsqd without topics says so', async (t) => {
  const nsqd = await runNsqd(t)
  const { body } = await call(nsqd.httpAddress, 'GET', '/stats?include_mem=false')
  assert.ok(body.endsWith('\nHealth: OK\n\nTopics: None\n\nProducers: None\n'))
})
