import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, test, type TestContext } from 'node:test'

import { until } from '@tsq/testing'

import { watched } from './support/admin.ts'
import { topicName } from './support/fake-cluster.ts'

const TOPIC = encodeURIComponent(topicName(0))

/** Keeps what it is notified of. */
async function endpoint(t: TestContext): Promise<{ url: string; told: Record<string, unknown>[] }> {
  const told: Record<string, unknown>[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      told.push(JSON.parse(text) as Record<string, unknown>)
      response.end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, told }
}

void suite('what is done', () => {
  void test('is told to the endpoint, each action in its words and in order', async (t) => {
    const { url, told } = await endpoint(t)
    const { cluster, admin } = await watched(t, { notificationHttpEndpoint: url })
    const [node = ''] = cluster.nodeAddresses
    const lines: [string, unknown][] = [
      ['POST /api/topics', { topic: 'new' }],
      ['POST /api/topics', { topic: topicName(0), channel: 'c2' }],
      [`POST /api/topics/${TOPIC}`, { action: 'pause' }],
      [`POST /api/topics/${TOPIC}`, { action: 'unpause' }],
      [`POST /api/topics/${TOPIC}`, { action: 'empty' }],
      [`POST /api/topics/${TOPIC}/channel-0`, { action: 'pause' }],
      [`POST /api/topics/${TOPIC}/channel-0`, { action: 'unpause' }],
      [`POST /api/topics/${TOPIC}/channel-0`, { action: 'empty' }],
      [`DELETE /api/topics/${TOPIC}/channel-0`, undefined],
      [`DELETE /api/topics/${TOPIC}`, undefined],
      [`DELETE /api/nodes/${node}`, { topic: topicName(0) }],
      // Not told: nothing was done.
      ['DELETE /api/topics/nope', undefined],
      // Told all the same, as by nsqadmin 1.3.0.
      ['POST /api/topics/nope', { action: 'pause' }],
      // Ours, not for the endpoint.
      ['POST /api/publish', { topic: topicName(0), body: 'x' }],
    ]
    const headers = {
      authorization: `Basic ${Buffer.from('bob:pw').toString('base64')}`,
      'user-agent': 'test/1',
    }
    for (const [line, body] of lines) await admin.ask(line, body, headers)
    await until('the notifications', () => told.length >= 13)
    assert.deepEqual(
      told.map(({ action }) => action),
      [
        'create_topic',
        'create_topic',
        'create_channel',
        'pause_topic',
        'unpause_topic',
        'empty_topic',
        'pause_channel',
        'unpause_channel',
        'empty_channel',
        'delete_channel',
        'delete_topic',
        'tombstone_topic_producer',
        'pause_topic',
      ],
    )
    const [first, , third] = told
    assert.deepEqual(
      [first?.['topic'], first?.['user'], first?.['user_agent']],
      ['new', 'bob', 'test/1'],
    )
    assert.equal(first?.['url'], `${admin.url}/api/topics`)
    assert.match(String(first?.['remote_ip']), /^127\.0\.0\.1:\d+$/)
    assert.ok(!('channel' in first) && !('node' in first))
    assert.equal(third?.['channel'], 'c2')
    assert.equal(told[11]?.['node'], node)
  })

  void test('does not wait for an endpoint that is down, nor suffer from it', async (t) => {
    const { admin } = await watched(t, { notificationHttpEndpoint: 'http://127.0.0.1:1/' })
    for (let i = 0; i < 5; i++) {
      assert.equal((await admin.ask(`POST /api/topics/${TOPIC}`, { action: 'pause' })).status, 200)
    }
    await until('the failures', () => admin.admin.notifier.lost === 5)
    assert.match(admin.lines.join(''), /failed to notify 127\.0\.0\.1:1 of pause_topic/)
    assert.equal((await admin.ask('GET /ping')).text, 'OK')
  })

  void test('is written down, with who and what came of it, in memory and in the file', async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tsq-nsqadmin-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const auditLog = path.join(folder, 'audit.log')
    const { admin } = await watched(t, { auditLog, adminUsers: ['bob'] })
    const headers = { 'x-forwarded-user': 'bob' }
    await admin.ask(`POST /api/topics/${TOPIC}`, { action: 'pause' }, headers)
    await admin.ask('DELETE /api/topics/nope', undefined, headers)
    const { json } = await admin.ask('GET /api/audit', undefined, headers)
    const entries = json['entries'] as Record<string, unknown>[]
    assert.deepEqual(
      entries.map(({ action, user, topic, ok, message }) => [action, user, topic, ok, message]),
      [
        ['delete_topic', 'bob', 'nope', false, 'TOPIC_NOT_FOUND'],
        ['pause_topic', 'bob', topicName(0), true, ''],
      ],
    )
    await admin.admin.close()
    const lines = (await readFile(auditLog, 'utf8')).trim().split('\n')
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['action']),
      ['pause_topic', 'delete_topic'],
    )
  })

  void test('is answered node by node', async (t) => {
    const { cluster, admin } = await watched(t)
    cluster.setMood(0, 'refusing')
    const { status, json } = await admin.ask(`POST /api/topics/${TOPIC}`, { action: 'pause' })
    assert.equal(status, 200)
    assert.match(String(json['message']), /^WARNING: Post "http/)
    const results = json['results'] as { node: string; ok: boolean; error?: string }[]
    const byNode = new Map(results.map(({ node, ok }) => [node, ok]))
    assert.equal(byNode.get(cluster.nodeAddresses[0] ?? ''), false)
    assert.equal([...byNode.values()].filter(Boolean).length, 1)
  })

  void test('to many at once is told for each', async (t) => {
    const { admin } = await watched(t)
    const { json } = await admin.ask('POST /api/bulk', {
      action: 'empty',
      targets: [
        { topic: topicName(0), channel: 'channel-0' },
        { topic: 'nope' },
        { topic: topicName(1) },
      ],
    })
    assert.equal(json['message'], 'WARNING: 1 of 3 failed')
    assert.deepEqual(
      (json['targets'] as { topic: string; message: string }[]).map(({ topic, message }) => [
        topic,
        message,
      ]),
      [
        [topicName(0), ''],
        ['nope', 'TOPIC_NOT_FOUND'],
        [topicName(1), ''],
      ],
    )
  })

  void test('waits for nobody who looks on: streams end when it stops', async (t) => {
    const { admin } = await watched(t)
    const response = await fetch(`${admin.url}/api/events`)
    const reader = response.body!.getReader()
    await reader.read()
    assert.equal(admin.admin.streams.count, 1)
    await admin.admin.close()
    let isDone = false
    while (!isDone) isDone = (await reader.read()).done
    assert.ok(isDone)
  })

  void test('events say when there is a new sample', async (t) => {
    const { admin } = await watched(t, { sampleIntervalMs: 1_000 })
    const response = await fetch(`${admin.url}/api/events`)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while ((text.match(/event: sample/g) ?? []).length < 2)
      text += (await reader.read()).value ?? ''
    assert.match(text, /data: \{"sampled_at":\d+\}/)
    await reader.cancel()
    await until('the viewer to be let go', () => admin.admin.streams.count === 0)
  })
})
