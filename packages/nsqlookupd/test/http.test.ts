import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ask, read, startLookupd } from './support/lookupd.ts'
import { IDENTITY, Peer } from './support/peer.ts'

const NSQ_HEADER = 'x-nsq-content-type'

test('each question and each refusal has its status and text', async () => {
  await using lookupd = await startLookupd()
  const table: readonly [request: string, status: number, body: string][] = [
    ['GET /ping', 200, 'OK'],
    ['GET /info', 200, '{"version":"1.3.0"}'],
    ['GET /topics', 200, '{"topics":[]}'],
    ['GET /nodes', 200, '{"producers":[]}'],
    ['GET /debug', 200, '{}'],
    ['GET /lookup', 400, '{"message":"MISSING_ARG_TOPIC"}'],
    ['GET /lookup?topic=', 404, '{"message":"TOPIC_NOT_FOUND"}'],
    ['GET /lookup?topic=t', 404, '{"message":"TOPIC_NOT_FOUND"}'],
    ['GET /lookup?topic=%zz', 400, '{"message":"INVALID_REQUEST"}'],
    ['GET /channels', 400, '{"message":"MISSING_ARG_TOPIC"}'],
    ['GET /channels?topic=t', 200, '{"channels":[]}'],
    ['POST /topic/create', 400, '{"message":"MISSING_ARG_TOPIC"}'],
    ['POST /topic/create?topic=', 400, '{"message":"INVALID_ARG_TOPIC"}'],
    ['POST /topic/create?topic=*', 400, '{"message":"INVALID_ARG_TOPIC"}'],
    ['POST /topic/create?topic=b', 200, ''],
    ['POST /topic/create?topic=a&topic=z', 200, ''],
    ['GET /topics', 200, '{"topics":["a","b"]}'],
    ['GET /lookup?topic=a', 200, '{"channels":[],"producers":[]}'],
    ['POST /channel/create?topic=a', 400, '{"message":"MISSING_ARG_CHANNEL"}'],
    ['POST /channel/create?channel=c', 400, '{"message":"MISSING_ARG_TOPIC"}'],
    ['POST /channel/create?topic=!&channel=!', 400, '{"message":"INVALID_ARG_TOPIC"}'],
    ['POST /channel/create?topic=a&channel=!', 400, '{"message":"INVALID_ARG_CHANNEL"}'],
    ['POST /channel/create?topic=a&channel=z', 200, ''],
    ['POST /channel/create?topic=new&channel=c%23ephemeral', 200, ''],
    ['POST /channel/create?topic=a&channel=b', 200, ''],
    ['GET /channels?topic=a', 200, '{"channels":["b","z"]}'],
    ['GET /channels?topic=new', 200, '{"channels":["c#ephemeral"]}'],
    ['POST /channel/delete?topic=a&channel=no', 404, '{"message":"CHANNEL_NOT_FOUND"}'],
    ['POST /channel/delete?topic=a&channel=*', 400, '{"message":"INVALID_ARG_CHANNEL"}'],
    ['POST /channel/delete?topic=a&channel=z', 200, ''],
    ['GET /lookup?topic=a', 200, '{"channels":["b"],"producers":[]}'],
    ['POST /topic/tombstone?topic=a', 400, '{"message":"MISSING_ARG_NODE"}'],
    ['POST /topic/tombstone?node=n', 400, '{"message":"MISSING_ARG_TOPIC"}'],
    ['POST /topic/tombstone?topic=a&node=n', 200, ''],
    ['POST /topic/tombstone?topic=none&node=n', 200, ''],
    ['POST /topic/delete', 400, '{"message":"MISSING_ARG_TOPIC"}'],
    ['POST /topic/delete?topic=none', 200, ''],
    ['POST /topic/delete?topic=*', 200, ''],
    ['GET /lookup?topic=*', 404, '{"message":"TOPIC_NOT_FOUND"}'],
    ['GET /channels?topic=*', 200, '{"channels":[]}'],
    ['GET /topics', 200, '{"topics":["a","b","new"]}'],
    ['POST /topic/delete?topic=a', 200, ''],
    ['GET /topics', 200, '{"topics":["b","new"]}'],
    ['GET /create_topic?topic=a', 404, '{"message":"NOT_FOUND"}'],
    ['POST /ping', 405, '{"message":"METHOD_NOT_ALLOWED"}'],
    ['GET /topic/create?topic=a', 405, '{"message":"METHOD_NOT_ALLOWED"}'],
  ]
  for (const [request, status, body] of table) {
    const [method = '', target = ''] = request.split(' ')
    const answer = await ask(lookupd, target, method)
    assert.deepEqual([answer.status, answer.body], [status, body], request)
    assert.equal(
      answer.headers.get(NSQ_HEADER),
      target === '/ping' && method === 'GET' ? null : 'nsq; version=1.0',
      request,
    )
  }
})

test('stray slashes and letter case are redirected', async () => {
  await using lookupd = await startLookupd()
  for (const target of ['/ping/', '//ping', '/PING']) {
    const { status, headers } = await ask(lookupd, target)
    assert.deepEqual([status, headers.get('location')], [301, '/ping'], target)
  }
  assert.equal((await ask(lookupd, '/topic/create/', 'POST')).status, 307)
  assert.equal((await ask(lookupd, '/lookup', 'OPTIONS')).headers.get('allow'), 'GET, OPTIONS')
})

test('lookup and nodes show what a nsqd said of itself', async () => {
  await using lookupd = await startLookupd()
  const identity = { ...IDENTITY, topology_zone: 'z1', topology_region: 'r1', remote_address: 'x' }
  using peer = await Peer.identified(lookupd.tcpAddress, identity)
  for (const line of ['REGISTER tt2 ship', 'REGISTER tt archive', 'REGISTER tt2 archive']) {
    assert.equal(await peer.command(line), 'OK')
  }
  const shown =
    `{"remote_address":"${peer.address}","hostname":"n1","broadcast_address":"n1.test",` +
    '"tcp_port":24150,"http_port":24151,"version":"1.3.0","topology_zone":"z1","topology_region":"r1"'
  const lookup = await ask(lookupd, '/lookup?topic=tt2')
  assert.equal(lookup.body, `{"channels":["archive","ship"],"producers":[${shown}}]}`)
  assert.equal(lookup.headers.get('content-type'), 'application/json; charset=utf-8')
  await ask(lookupd, '/topic/tombstone?topic=tt2&node=n1.test:24151', 'POST')
  const nodes = await ask(lookupd, '/nodes')
  assert.equal(
    nodes.body,
    `{"producers":[${shown},"tombstones":[false,true],"topics":["tt","tt2"]}]}`,
  )
  assert.equal(
    (await ask(lookupd, '/lookup?topic=tt2')).body,
    '{"channels":["archive","ship"],"producers":[]}',
  )
})

test('a node can be tombstoned by its IPv6 address as nsqadmin writes it', async () => {
  await using lookupd = await startLookupd()
  using peer = await Peer.identified(lookupd.tcpAddress, {
    ...IDENTITY,
    broadcast_address: 'fd00::1',
  })
  await peer.command('REGISTER t')
  await ask(lookupd, '/topic/tombstone?topic=t&node=%5Bfd00::1%5D:24151', 'POST')
  const { producers } = await read<{ producers: unknown[] }>(lookupd, '/lookup?topic=t')
  assert.deepEqual(producers, [])
})

test('two connections with one address are both listed', async () => {
  await using lookupd = await startLookupd()
  using first = await Peer.identified(lookupd.tcpAddress)
  using second = await Peer.identified(lookupd.tcpAddress)
  for (const peer of [first, second]) await peer.command('REGISTER t')
  const { producers } = await read<{ producers: unknown[] }>(lookupd, '/lookup?topic=t')
  assert.equal(producers.length, 2)
})

test('names are escaped as JSON for browsers', async () => {
  await using lookupd = await startLookupd()
  using peer = await Peer.identified(lookupd.tcpAddress, {
    ...IDENTITY,
    hostname: '</script>"\u2028',
  })
  await peer.command('REGISTER t')
  const { body } = await ask(lookupd, '/lookup?topic=t')
  assert.ok(body.includes('"hostname":"\\u003c/script\\u003e\\"\\u2028"'), body)
})

test('metrics count what happened', async () => {
  await using lookupd = await startLookupd()
  using peer = await Peer.identified(lookupd.tcpAddress)
  for (const line of ['REGISTER a b', 'REGISTER c', 'PING']) await peer.command(line)
  using bad = await Peer.connect(lookupd.tcpAddress)
  bad.send('GET ')
  await bad.answers()
  await ask(lookupd, '/lookup?topic=none')
  for (const round of [1, 2]) {
    const { status, body, headers } = await ask(lookupd, '/metrics')
    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    for (const line of [
      'nsqlookupd_info{version="1.3.0"} 1',
      'nsqlookupd_nodes{state="active"} 1',
      'nsqlookupd_nodes{state="inactive"} 0',
      'nsqlookupd_topics 2',
      'nsqlookupd_channels 1',
      'nsqlookupd_registrations 3',
      'nsqlookupd_connections_total 2',
      'nsqlookupd_commands_total{command="REGISTER"} 2',
      'nsqlookupd_errors_total{code="E_BAD_PROTOCOL"} 1',
      'nsqlookupd_http_requests_total{path="/lookup",status="404"} 1',
    ]) {
      assert.ok(body.split('\n').includes(line), `${line} in round ${round}:\n${body}`)
    }
    assert.match(body, /^process_resident_memory_bytes \d+$/m)
  }
})
