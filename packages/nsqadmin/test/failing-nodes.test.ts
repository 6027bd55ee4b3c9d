// Nodes that answer slowly, wrongly, hugely or not at all: the answer names them and goes on.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { until } from '@tsq/testing'

import { TestAdmin, watched } from './support/admin.ts'
import { FakeCluster, type Mood, topicName } from './support/fake-cluster.ts'

const TOPIC = encodeURIComponent(topicName(0))
const IMPATIENT = { httpClientRequestTimeoutMs: 300 }
const MOODS: readonly (readonly [Mood, RegExp])[] = [
  ['silent', /no answer within 300ms/],
  ['refusing', /socket hang up|ECONNRESET|connection reset/],
  ['nonsense', /topic_name is not (text|a name)/],
  ['huge', /no answer within 300ms|answer of more than/],
]

void suite('a cluster of which not all answers', () => {
  for (const [mood, expected] of MOODS) {
    void test(`one node is ${mood}: a warning with its name, and what the others say`, async (t) => {
      const { cluster, admin } = await watched(t, IMPATIENT)
      const [bad = ''] = cluster.nodeAddresses
      cluster.setMood(0, mood)
      const { status, json } = await admin.ask(`GET /api/topics/${TOPIC}`)
      assert.equal(status, 200)
      assert.match(String(json['message']), /^WARNING: Get "http:/)
      assert.match(String(json['message']), expected)
      assert.ok(String(json['message']).includes(bad))
      assert.equal((json['nodes'] as unknown[]).length, 1)
      const counter = await admin.ask('GET /api/counter')
      assert.equal(counter.status, 200)
      assert.ok(String(counter.json['message']).includes(bad))
      assert.equal((await admin.ask(`GET /api/nodes/${bad}`)).status, 502)
    })
  }

  void test('all nodes fail: 502 and all their names', async (t) => {
    const { cluster, admin } = await watched(t)
    for (const i of [0, 1, 2]) cluster.setMood(i, 'refusing')
    const [status, message] = await admin.outcome(`GET /api/topics/${TOPIC}`)
    assert.equal(status, 502)
    assert.match(String(message), /^UPSTREAM_ERROR: failed to query any nsqd: Get .*\nGet /)
  })

  void test('one nsqlookupd is down: a warning; all are down: 502', async (t) => {
    const cluster = await FakeCluster.start()
    t.after(() => cluster.close())
    const lookupdHttpAddresses = ['127.0.0.1:1', cluster.lookupdAddress]
    const admin = await TestAdmin.start(t, { lookupdHttpAddresses })
    for (const path of ['topics', `topics/${TOPIC}`, 'nodes', 'counter']) {
      const [status, message] = await admin.outcome(`GET /api/${path}`)
      assert.equal(status, 200, path)
      assert.match(String(message), /^WARNING: Get "http:\/\/127\.0\.0\.1:1\//, path)
    }
    const [status, message] = await admin.outcome('POST /api/topics', { topic: 'x' })
    assert.equal(status, 200)
    assert.match(String(message), /^WARNING: Post "http:\/\/127\.0\.0\.1:1\/topic\/create/)
    const alone = await TestAdmin.start(t, { lookupdHttpAddresses: ['127.0.0.1:1'] })
    const outcome = await alone.outcome('GET /api/topics')
    assert.equal(outcome[0], 502)
    assert.match(String(outcome[1]), /^UPSTREAM_ERROR: failed to query any nsqlookupd: Get/)
    const overview = await alone.ask('GET /api/overview')
    assert.equal(overview.status, 200)
    assert.equal((overview.json['problems'] as unknown[]).length, 1)
  })

  void test('the sampler tells of a node that fails, asks it less often, and takes it back', async (t) => {
    const { cluster, admin } = await watched(t, { sampleIntervalMs: 1_000 })
    const { sampler } = admin.admin
    cluster.setMood(1, 'refusing')
    await until('the problem', () => sampler.problems.length === 1)
    const [problem] = sampler.problems
    assert.equal(problem?.node, cluster.nodeAddresses[1])
    const { json } = await admin.ask('GET /api/overview')
    const [first] = json['warnings'] as { text: string; level: string }[]
    assert.equal(first?.level, 'error')
    assert.ok(first.text.includes(cluster.nodeAddresses[1] ?? ''))
    cluster.setMood(1, 'well')
    await until('the end of it', () => sampler.problems.length === 0)
  })
})

void suite('what is not there', () => {
  void test('is 404, not a failure of the cluster', async (t) => {
    const { admin } = await watched(t)
    assert.deepEqual(await admin.outcome('GET /api/topics/nope'), [404, 'TOPIC_NOT_FOUND'])
    assert.deepEqual(await admin.outcome(`GET /api/topics/${TOPIC}/nope`), [
      404,
      'CHANNEL_NOT_FOUND',
    ])
    assert.deepEqual(await admin.outcome('GET /api/nodes/1.2.3.4:5'), [404, 'NODE_NOT_FOUND'])
    assert.deepEqual(await admin.outcome('DELETE /api/topics/nope'), [404, 'TOPIC_NOT_FOUND'])
    const tombstone = await admin.outcome('DELETE /api/nodes/evil.example:80', { topic: 't' })
    assert.deepEqual(tombstone, [404, 'NODE_NOT_FOUND'])
  })

  void test('names that are none are refused before anybody is asked', async (t) => {
    const { cluster, admin } = await watched(t)
    for (const line of [
      'DELETE /api/topics/*',
      'DELETE /api/topics/%24',
      'GET /api/topics/%3Cb%3E',
    ]) {
      assert.deepEqual(await admin.outcome(line), [400, 'INVALID_TOPIC'], line)
    }
    assert.deepEqual(await admin.outcome(`DELETE /api/topics/${TOPIC}/*`), [400, 'INVALID_CHANNEL'])
    assert.equal(cluster.asked.get('/topic/delete'), undefined)
    const cases: [string, unknown, number, string][] = [
      ['POST /api/topics', '', 400, 'EOF'],
      ['POST /api/topics', { topic: '$' }, 400, 'INVALID_TOPIC'],
      ['POST /api/topics', { topic: 't', channel: '$' }, 400, 'INVALID_CHANNEL'],
      [`POST /api/topics/${TOPIC}`, { action: 'explode' }, 400, 'INVALID_ACTION'],
      ['DELETE /api/nodes/x:1', '', 400, 'INVALID_BODY'],
      ['DELETE /api/nodes/x:1', {}, 400, 'INVALID_TOPIC'],
      ['POST /api/publish', { topic: 't' }, 400, 'INVALID_BODY'],
      ['POST /api/publish', { topic: 't', body: '' }, 400, 'MESSAGE_EMPTY'],
      ['POST /api/publish', { topic: 't', body: 'x', defer_ms: -1 }, 400, 'INVALID_DEFER_MS'],
      [
        'POST /api/publish',
        { topic: 't', body: 'x', node: 'evil.example:80' },
        404,
        'NODE_NOT_FOUND',
      ],
      ['POST /api/bulk', { action: 'pause', targets: [] }, 400, 'INVALID_TARGETS'],
      ['POST /api/bulk', { action: 'x', targets: [{ topic: 't' }] }, 400, 'INVALID_ACTION'],
    ]
    for (const [line, body, status, message] of cases) {
      assert.deepEqual(
        await admin.outcome(line, body),
        [status, message],
        `${line} ${JSON.stringify(body)}`,
      )
    }
    assert.equal((await admin.ask('POST /api/topics', '{')).status, 400)
  })

  void test('without nsqlookupd, too', async (t) => {
    const cluster = await FakeCluster.start()
    t.after(() => cluster.close())
    const admin = await TestAdmin.start(t, { nsqdHttpAddresses: cluster.nodeAddresses })
    assert.equal(((await admin.ask('GET /api/topics')).json['topics'] as unknown[]).length, 5)
    assert.equal(((await admin.ask('GET /api/nodes')).json['nodes'] as unknown[]).length, 3)
    const topic = await admin.ask(`GET /api/topics/${TOPIC}`)
    assert.equal((topic.json['nodes'] as unknown[]).length, 2)
    assert.deepEqual(await admin.outcome('GET /api/topics/nope'), [404, 'TOPIC_NOT_FOUND'])
    const pause = await admin.outcome('POST /api/topics/nope', { action: 'pause' })
    assert.deepEqual(pause, [404, 'TOPIC_NOT_FOUND'])
    assert.deepEqual((await admin.ask('GET /api/topics?inactive=true')).json['topics'], {})
    assert.equal((await admin.ask('POST /api/topics', { topic: 'new' })).status, 200)
    assert.equal(cluster.asked.get('/topic/create'), 3)
  })
})
