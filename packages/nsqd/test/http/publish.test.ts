import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Nsqd } from '../../src/nsqd.ts'
import { batch, Client, int32, sized } from '../tcp/client.ts'
import { runNsqd } from '../tcp/running.ts'
import { call, JSON_TYPE, NSQ, TEXT } from './request.ts'

const MAX_MSG_SIZE = 100
const MAX_BODY_SIZE = 300

type Case = readonly [target: string, body: string | Buffer, status: number, message: string]

function start(t: Parameters<typeof runNsqd>[0]): Promise<Nsqd> {
  return runNsqd(t, {
    maxMsgSize: MAX_MSG_SIZE,
    maxBodySize: MAX_BODY_SIZE,
    maxReqTimeoutMs: 60_000,
  })
}

async function refused(nsqd: Nsqd, [target, body, status, message]: Case): Promise<void> {
  for (const isChunked of [false, true]) {
    const answer = await call(nsqd.httpAddress, 'POST', target, body, isChunked && body.length > 0)
    assert.deepEqual(
      { ...answer, target },
      {
        status,
        body: `{"message":"${message}"}`,
        contentType: JSON_TYPE,
        nsqContentType: NSQ,
        allow: undefined,
        location: undefined,
        target,
      },
    )
  }
}

function bytes(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts)
}

/** What a consumer that comes now is given. */
async function consume(nsqd: Nsqd, topic: string, count: number): Promise<string[]> {
  const client = await Client.open(nsqd.tcpAddress)
  client.command(`SUB ${topic} c`)
  client.command('RDY 100')
  await client.next()
  const bodies: string[] = []
  while (bodies.length < count) bodies.push((await client.next()).text)
  client.close()
  return bodies
}

void test('/pub publishes its body and answers OK', async (t) => {
  const nsqd = await start(t)
  const { nsqContentType, contentType, status, body } = await call(
    nsqd.httpAddress,
    'POST',
    '/pub?topic=t&other=1',
    'one\n\0two',
  )
  assert.deepEqual([status, body, contentType, nsqContentType], [200, 'OK', TEXT, NSQ])
  await call(nsqd.httpAddress, 'POST', '/pub?topic=t&topic=other', 'x'.repeat(MAX_MSG_SIZE), true)
  assert.deepEqual(await consume(nsqd, 't', 2), ['one\n\0two', 'x'.repeat(MAX_MSG_SIZE)])
})

void test('/pub checks size, emptiness, query, topic and delay in this order', async (t) => {
  const nsqd = await start(t)
  const big = 'x'.repeat(MAX_MSG_SIZE + 1)
  const cases: Case[] = [
    ['/pub?%zz', big, 413, 'MSG_TOO_BIG'],
    ['/pub?%zz', '', 400, 'MSG_EMPTY'],
    ['/pub?topic=t&a=%z', 'x', 400, 'INVALID_REQUEST'],
    ['/pub?topic=t;a=b', 'x', 400, 'INVALID_REQUEST'],
    ['/pub?defer=x', 'x', 400, 'MISSING_ARG_TOPIC'],
    ['/pub?Topic=t', 'x', 400, 'MISSING_ARG_TOPIC'],
    ['/pub?topic=&defer=x', 'x', 400, 'INVALID_TOPIC'],
    ['/pub?topic=a%20b&defer=x', 'x', 400, 'INVALID_TOPIC'],
    [`/pub?topic=${'n'.repeat(65)}`, 'x', 400, 'INVALID_TOPIC'],
    ...['', 'x', '-1', '60001', '1.5', '1_0', '0x1', '%201', '99999999999999999999'].map(
      (defer): Case => [`/pub?topic=t&defer=${defer}`, 'x', 400, 'INVALID_DEFER'],
    ),
    ['/pub?topic=t&defer', 'x', 400, 'INVALID_DEFER'],
  ]
  for (const one of cases) await refused(nsqd, one)
  // nsqd 1.3.0 would have made it before it looked at the delay.
  assert.equal(nsqd.topics.size, 0)
})

void test('/pub with defer delivers later', async (t) => {
  const nsqd = await start(t)
  for (const [defer, body] of [
    ['300', 'later'],
    ['%2B0', 'now'],
    ['60000', 'much later'],
  ] as const) {
    const { status } = await call(nsqd.httpAddress, 'POST', `/pub?topic=t&defer=${defer}`, body)
    assert.equal(status, 200)
  }
  const startMs = performance.now()
  assert.deepEqual(await consume(nsqd, 't', 2), ['now', 'later'])
  assert.ok(performance.now() - startMs > 150)
})

void test('/mpub of text publishes a message a line, without the empty ones', async (t) => {
  const nsqd = await start(t)
  for (const flag of ['', '&binary=false', '&binary=0', '&defer=60000']) {
    const body = '\none\r\n\ntwo'
    const answer = await call(nsqd.httpAddress, 'POST', `/mpub?topic=t${flag}`, body)
    assert.deepEqual([answer.status, answer.body], [200, 'OK'])
    assert.deepEqual(await consume(nsqd, 't', 2), ['one\r', 'two'])
    await call(nsqd.httpAddress, 'POST', '/channel/empty?topic=t&channel=c')
  }
})

void test('/mpub of nothing publishes nothing and makes the topic', async (t) => {
  const nsqd = await start(t)
  for (const [topic, body] of [
    ['empty', ''],
    ['lines', '\n\n\n'],
  ] as const) {
    const answer = await call(nsqd.httpAddress, 'POST', `/mpub?topic=${topic}`, body)
    assert.deepEqual([answer.status, answer.body], [200, 'OK'])
    assert.equal(nsqd.topics.find(topic)?.stats().messageCount, 0)
  }
})

void test('/mpub is binary for true, 1 and whatever is not known', async (t) => {
  const nsqd = await start(t)
  for (const flag of ['=true', '=1', '', '=', '=yes', '=False']) {
    const body = Buffer.concat([batch(['a\n', 'b']), Buffer.from('trailing')])
    const answer = await call(nsqd.httpAddress, 'POST', `/mpub?topic=t&binary${flag}`, body)
    assert.deepEqual([answer.status, answer.body], [200, 'OK'], flag)
    assert.deepEqual(await consume(nsqd, 't', 2), ['a\n', 'b'])
    await call(nsqd.httpAddress, 'POST', '/channel/empty?topic=t&channel=c')
  }
})

void test('/mpub checks size, query, topic and then its messages', async (t) => {
  const nsqd = await start(t)
  const long = 'x'.repeat(MAX_MSG_SIZE + 1)
  const bad: readonly (readonly [Buffer, string])[] = [
    [Buffer.alloc(0), 'BAD_BODY'],
    [Buffer.alloc(3), 'BAD_BODY'],
    [int32(0), 'BAD_BODY'],
    [int32(-1), 'BAD_BODY'],
    [int32(60), 'BAD_BODY'],
    [int32(59), 'BAD_MESSAGE'],
    [bytes(int32(1), int32(0)), 'BAD_MESSAGE'],
    [bytes(int32(1), int32(-1)), 'BAD_MESSAGE'],
    [bytes(int32(1), sized(long)), 'BAD_MESSAGE'],
    [bytes(int32(2), sized('a')), 'BAD_MESSAGE'],
    [bytes(int32(1), int32(5), Buffer.from('four')), 'BAD_MESSAGE'],
  ]
  const cases: Case[] = [
    ['/mpub?%zz', 'x\n'.repeat(MAX_BODY_SIZE), 413, 'BODY_TOO_BIG'],
    ['/mpub?%zz', 'x', 400, 'INVALID_REQUEST'],
    ['/mpub', long, 400, 'MISSING_ARG_TOPIC'],
    ['/mpub?topic=', long, 400, 'INVALID_TOPIC'],
    ['/mpub?topic=a/b', long, 400, 'INVALID_TOPIC'],
    ['/mpub?topic=t', `fine\n${long}`, 413, 'MSG_TOO_BIG'],
    ...bad.map(([body, message]): Case => ['/mpub?topic=t&binary=true', body, 413, message]),
  ]
  for (const one of cases) await refused(nsqd, one)
  // All or nothing; and nsqd 1.3.0 would have made the topic before it looked at the body.
  assert.equal(nsqd.topics.size, 0)
})
