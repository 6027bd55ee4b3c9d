import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'

import { act, ClusterInfo, create, remove, tombstone } from '../src/index.ts'
import { nobody, producer, type Say, upstream, type Upstream } from './support/upstream.ts'

const done: Say = (_, response) => void response.end()
const WRITES = Object.fromEntries(
  ['topic', 'channel'].flatMap((noun) =>
    ['create', 'delete', 'pause', 'unpause', 'empty', 'tombstone'].map((verb) => [
      `/${noun}/${verb}`,
      done,
    ]),
  ),
)

interface Small {
  readonly cluster: ClusterInfo
  readonly lookupd: Upstream
  readonly nsqd: Upstream
}

/** A nsqlookupd and a nsqd that has the topic. */
async function small(t: TestContext, nsqdSays = WRITES): Promise<Small> {
  const nsqd = await upstream(t, nsqdSays)
  const lookupd = await upstream(t, {
    ...WRITES,
    '/lookup': { channels: [], producers: [producer(nsqd.address)] },
  })
  const cluster = new ClusterInfo({ lookupds: [lookupd.address] })
  t.after(() => cluster.close())
  return { cluster, lookupd, nsqd }
}

void suite('writes', () => {
  void test('a topic is created at nsqlookupd, a channel also where the topic is', async (t) => {
    const { cluster, lookupd, nsqd } = await small(t)
    assert.deepEqual((await create(cluster, 't')).warnings, [])
    assert.deepEqual([lookupd.asked, nsqd.asked], [['POST /topic/create?topic=t'], []])
    const { value } = await create(cluster, 't', 'c#ephemeral')
    assert.deepEqual(nsqd.asked, ['POST /channel/create?topic=t&channel=c%23ephemeral'])
    assert.deepEqual(
      value.map(({ node, kind, ok }) => [node, kind, ok]),
      [
        [lookupd.address, 'nsqlookupd', true],
        [lookupd.address, 'nsqlookupd', true],
        [nsqd.address, 'nsqd', true],
      ],
    )
  })

  void test('without nsqlookupd a topic is created on the nsqd themselves', async (t) => {
    const nsqd = await upstream(t, WRITES)
    const cluster = new ClusterInfo({ lookupds: [], nsqds: [nsqd.address] })
    t.after(() => cluster.close())
    await create(cluster, 't')
    assert.deepEqual(nsqd.asked, ['POST /topic/create?topic=t'])
  })

  void test('pausing concerns the nodes alone, deleting nsqlookupd first', async (t) => {
    const { cluster, lookupd, nsqd } = await small(t)
    await act(cluster, 'pause', 't')
    await act(cluster, 'empty', 't', 'c')
    assert.deepEqual(nsqd.asked, [
      'POST /topic/pause?topic=t',
      'POST /channel/empty?topic=t&channel=c',
    ])
    assert.deepEqual(lookupd.asked, ['GET /lookup?topic=t', 'GET /lookup?topic=t'])
    await remove(cluster, 't', 'c')
    assert.deepEqual(lookupd.asked.slice(2), [
      'GET /lookup?topic=t',
      'POST /channel/delete?topic=t&channel=c',
    ])
    assert.equal(nsqd.asked.at(-1), 'POST /channel/delete?topic=t&channel=c')
  })

  void test('what fails somewhere is a warning, and is told of that node', async (t) => {
    const missing = { status: 404, json: { message: 'CHANNEL_NOT_FOUND' } }
    const { cluster, nsqd } = await small(t, { ...WRITES, '/channel/pause': missing })
    const { value, warnings } = await act(cluster, 'pause', 't', 'c')
    assert.match(
      warnings.join(),
      /^got response 404 Not Found "\{\\"message\\":\\"CHANNEL_NOT_FOUND/,
    )
    assert.deepEqual(
      value.map(({ node, ok }) => [node, ok]),
      [[nsqd.address, false]],
    )
  })

  void test('one nsqlookupd that is down does not keep the others from being told', async (t) => {
    const lookupd = await upstream(t, WRITES)
    const down = await nobody()
    const cluster = new ClusterInfo({ lookupds: [down, lookupd.address] })
    t.after(() => cluster.close())
    const { value, warnings } = await create(cluster, 't')
    assert.match(warnings.join(), /^Post "http:.*connection refused/)
    assert.deepEqual(
      value.map(({ ok }) => ok),
      [false, true],
    )
  })

  void test('a tombstone comes before the topic is deleted on its node', async (t) => {
    const { cluster, lookupd, nsqd } = await small(t)
    await tombstone(cluster, nsqd.address, 't')
    const node = encodeURIComponent(nsqd.address)
    assert.deepEqual(lookupd.asked, [`POST /topic/tombstone?topic=t&node=${node}`])
    assert.deepEqual(nsqd.asked, ['POST /topic/delete?topic=t'])
  })
})
