import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Client } from '../tcp/client.ts'
import { runNsqd } from '../tcp/running.ts'
import { call, JSON_TYPE, NSQ, TEXT } from './request.ts'

const TOPIC_ACTIONS = ['create', 'delete', 'empty', 'pause', 'unpause'] as const
const CHANNEL_ACTIONS = TOPIC_ACTIONS

void test('topic endpoints refuse in order: query, topic missing, invalid, not found', async (t) => {
  const { httpAddress } = await runNsqd(t)
  for (const action of TOPIC_ACTIONS) {
    const isChecked = action === 'create' || action === 'empty'
    const invalid = isChecked ? [400, 'INVALID_TOPIC'] : [404, 'TOPIC_NOT_FOUND']
    const cases: readonly (readonly [query: string, status: unknown, message: unknown])[] = [
      ['?topic=t&x=%', 400, 'INVALID_REQUEST'],
      ['', 400, 'MISSING_ARG_TOPIC'],
      ['?channel=c', 400, 'MISSING_ARG_TOPIC'],
      ['?topic=', invalid[0], invalid[1]],
      ['?topic=a%2Fb', invalid[0], invalid[1]],
      ...(action === 'create' ? [] : [['?topic=unknown', 404, 'TOPIC_NOT_FOUND'] as const]),
    ]
    for (const [query, status, message] of cases) {
      const answer = await call(httpAddress, 'POST', `/topic/${action}${query}`, 'topic=form')
      assert.deepEqual(
        [answer.status, answer.body, answer.contentType, answer.nsqContentType],
        [status, `{"message":"${String(message)}"}`, JSON_TYPE, NSQ],
        action + query,
      )
    }
  }
})

void test('channel endpoints refuse in order: query, topic, channel, not found', async (t) => {
  const { httpAddress } = await runNsqd(t)
  await call(httpAddress, 'POST', '/topic/create?topic=known')
  for (const action of CHANNEL_ACTIONS) {
    const cases: readonly (readonly [query: string, status: number, message: string])[] = [
      ['?topic=t;channel=c', 400, 'INVALID_REQUEST'],
      ['?channel=a%2Fb', 400, 'MISSING_ARG_TOPIC'],
      ['?topic=', 400, 'INVALID_ARG_TOPIC'],
      ['?topic=a%2Fb', 400, 'INVALID_ARG_TOPIC'],
      ['?topic=known', 400, 'MISSING_ARG_CHANNEL'],
      ['?topic=known&channel', 400, 'INVALID_ARG_CHANNEL'],
      ['?topic=unknown&channel=a%2Fb', 400, 'INVALID_ARG_CHANNEL'],
      ['?topic=unknown&channel=c', 404, 'TOPIC_NOT_FOUND'],
    ]
    for (const [query, status, message] of cases) {
      const answer = await call(httpAddress, 'POST', `/channel/${action}${query}`)
      assert.deepEqual(
        [answer.status, answer.body],
        [status, `{"message":"${message}"}`],
        action + query,
      )
    }
    if (action === 'create') continue
    const answer = await call(httpAddress, 'POST', `/channel/${action}?topic=known&channel=unknown`)
    assert.deepEqual([answer.status, answer.body], [404, '{"message":"CHANNEL_NOT_FOUND"}'])
  }
})

void test('every action succeeds with an empty answer, and may be repeated where it leaves something', async (t) => {
  const nsqd = await runNsqd(t)
  const actions = ['create', 'create', 'pause', 'pause', 'unpause', 'unpause', 'empty', 'delete']
  await call(nsqd.httpAddress, 'POST', '/topic/create?topic=other')
  for (const [kind, query] of [
    ['topic', 'topic=x%23ephemeral'],
    ['topic', 'topic=x'],
    ['channel', 'topic=other&channel=y%23ephemeral'],
    ['channel', 'topic=other&channel=y'],
  ]) {
    for (const action of actions) {
      const answer = await call(nsqd.httpAddress, 'POST', `/${kind}/${action}?${query}`)
      assert.deepEqual(answer, {
        status: 200,
        body: '',
        contentType: undefined,
        nsqContentType: NSQ,
        allow: undefined,
        location: undefined,
      })
    }
  }
  assert.deepEqual(
    nsqd.topics.list().map(({ name, channels }) => [name, channels.size]),
    [['other', 0]],
  )
})

void test('deleting a topic or a channel closes its consumers without a frame', async (t) => {
  const { tcpAddress, httpAddress } = await runNsqd(t)
  for (const target of ['/topic/delete?topic=t', '/channel/delete?topic=t&channel=c']) {
    const client = await Client.open(tcpAddress)
    client.command('SUB t c')
    await client.next()
    assert.equal((await call(httpAddress, 'POST', target)).status, 200)
    await client.ended()
    assert.deepEqual(client.frames, [])
  }
})

void test('a paused channel delivers nothing and goes on when unpaused; emptied, it has nothing in flight', async (t) => {
  const { tcpAddress, httpAddress } = await runNsqd(t)
  const client = await Client.open(tcpAddress)
  client.command('SUB t c')
  client.command('RDY 1')
  await client.next()
  const post = (target: string, body = ''): Promise<unknown> =>
    call(httpAddress, 'POST', target, body)
  await post('/channel/pause?topic=t&channel=c')
  await post('/pub?topic=t', 'held')
  client.command('TOUCH 0123456789abcdef')
  assert.equal((await client.next()).type, 'error')
  await post('/channel/unpause?topic=t&channel=c')
  const held = await client.next()
  assert.equal(held.text, 'held')
  await post('/pub?topic=t', 'dropped')
  await post('/channel/empty?topic=t&channel=c')
  client.command(`FIN ${held.id}`)
  assert.match((await client.next()).text, /^E_FIN_FAILED .* failed ID not in flight$/)
  await post('/pub?topic=t', 'after')
  assert.equal((await client.next()).text, 'after')
  client.close()
})

void test('a paused topic holds back what is published from then on', async (t) => {
  const { tcpAddress, httpAddress } = await runNsqd(t)
  const client = await Client.open(tcpAddress)
  client.command('SUB t c')
  client.command('RDY 5')
  await client.next()
  const post = (target: string, body = ''): Promise<unknown> =>
    call(httpAddress, 'POST', target, body)
  await post('/topic/pause?topic=t')
  await post('/pub?topic=t', 'emptied')
  await post('/topic/empty?topic=t')
  await post('/pub?topic=t', 'held')
  client.command('TOUCH 0123456789abcdef')
  assert.equal((await client.next()).type, 'error')
  await post('/topic/unpause?topic=t')
  assert.equal((await client.next()).text, 'held')
  client.close()
})

void test('unknown paths, wrong methods, OPTIONS and stray spellings are answered as by nsqd', async (t) => {
  const { httpAddress } = await runNsqd(t)
  const seen: string[] = []
  for (const [method, target] of [
    ['GET', '/nothing'],
    ['POST', '/put?topic=t'],
    ['POST', '/ping'],
    ['GET', '/pub'],
    ['HEAD', '/stats'],
    ['DELETE', '/topic/create'],
    ['OPTIONS', '/pub'],
    ['GET', '/stats/?format=json'],
    ['POST', '/Topic/Create?topic=t'],
  ] as const) {
    const answer = await call(httpAddress, method, target)
    seen.push([answer.status, answer.body.trim(), answer.allow, answer.location].join(' | '))
  }
  assert.deepEqual(seen, [
    '404 | {"message":"NOT_FOUND"} |  | ',
    '404 | {"message":"NOT_FOUND"} |  | ',
    '405 | {"message":"METHOD_NOT_ALLOWED"} | GET, OPTIONS | ',
    '405 | {"message":"METHOD_NOT_ALLOWED"} | OPTIONS, POST | ',
    '405 |  | GET, OPTIONS | ',
    '405 | {"message":"METHOD_NOT_ALLOWED"} | OPTIONS, POST | ',
    '200 |  | OPTIONS, POST | ',
    '301 | <a href="/stats?format=json">Moved Permanently</a>. |  | /stats?format=json',
    '307 |  |  | /topic/create?topic=t',
  ])
})

void test('/ping is plain text without the header of NSQ', async (t) => {
  const { httpAddress } = await runNsqd(t)
  const { status, body, contentType, nsqContentType } = await call(httpAddress, 'GET', '/ping')
  assert.deepEqual([status, body, contentType, nsqContentType], [200, 'OK', TEXT, undefined])
})

void test('/info tells addresses and limits, durations in nanoseconds', async (t) => {
  const nsqd = await runNsqd(t)
  const { body, contentType } = await call(nsqd.httpAddress, 'GET', '/info')
  assert.equal(contentType, JSON_TYPE)
  const info: Record<string, unknown> = JSON.parse(body)
  const { hostname, start_time: startTime, ...rest } = info
  assert.equal(typeof hostname, 'string')
  assert.ok(Math.abs(Number(startTime) - Date.now() / 1000) < 60)
  assert.deepEqual(rest, {
    version: '1.3.0',
    broadcast_address: '127.0.0.1',
    http_port: nsqd.httpPort,
    tcp_port: nsqd.tcpPort,
    max_heartbeat_interval: 60_000_000_000,
    max_output_buffer_size: 65_536,
    max_output_buffer_timeout: 30_000_000_000,
    max_deflate_level: 6,
    topology_zone: '',
    topology_region: '',
  })
})
