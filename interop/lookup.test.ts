// NSQ's own nsqlookupd, and what stands on it, with a nsqd.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test, type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { buildReference } from './build.ts'
import { eventually, ReferenceDaemon } from './discovery.ts'
import { nsqdBinaries, type NsqdBinary, type RunningNsqd, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

interface Node {
  readonly broadcast_address: string
  readonly tcp_port: number
  readonly http_port: number
  readonly version: string
}

interface RegisteredNode extends Node {
  readonly topics: readonly string[]
  readonly tombstones: readonly boolean[]
}

/** What nsqlookupd knows of a topic; undefined where it does not know it. */
async function lookUp(
  lookupd: ReferenceDaemon,
  topic: string,
): Promise<{ channels: string[]; nodes: Node[] } | undefined> {
  const answer = (await lookupd.get(`/lookup?topic=${topic}`)) as
    { channels: string[]; producers: Node[] } | undefined
  if (answer === undefined) return undefined
  return { channels: answer.channels.toSorted(), nodes: answer.producers }
}

async function registeredNodes(lookupd: ReferenceDaemon): Promise<RegisteredNode[]> {
  return ((await lookupd.get('/nodes')) as { producers: RegisteredNode[] }).producers
}

function isAt(node: Node, nsqd: RunningNsqd): boolean {
  const { broadcast_address: host, tcp_port: tcp, http_port: http } = node
  return `${host}:${tcp}` === nsqd.tcpAddress && `${host}:${http}` === nsqd.httpAddress
}

async function startLookupd(
  t: TestContext,
  args: string[] = [],
): Promise<ReferenceDaemon | undefined> {
  const lookupd = await prepareOrSkip(t, () => ReferenceDaemon.start('nsqlookupd', args))
  if (lookupd !== undefined) t.after(() => lookupd[Symbol.asyncDispose]())
  return lookupd
}

async function startRegistered(
  t: TestContext,
  binary: NsqdBinary,
  ...lookupds: ReferenceDaemon[]
): Promise<RunningNsqd> {
  const flags = lookupds.map(({ tcpAddress }) => `--lookupd-tcp-address=${tcpAddress}`)
  const nsqd = await startNsqd({ binary, flags })
  t.after(() => nsqd.stop())
  for (const lookupd of lookupds) {
    await eventually(
      () => registeredNodes(lookupd),
      (nodes) => nodes.some((node) => isAt(node, nsqd)),
      'the node is registered',
    )
  }
  return nsqd
}

async function startBoth(
  t: TestContext,
  binary: NsqdBinary,
): Promise<{ lookupd: ReferenceDaemon; nsqd: RunningNsqd } | undefined> {
  const lookupd = await startLookupd(t)
  if (lookupd === undefined) return undefined
  return { lookupd, nsqd: await startRegistered(t, binary, lookupd) }
}

function channelsAre(...names: string[]): (found: { channels: string[] } | undefined) => boolean {
  return (found) => found?.channels.join() === names.join()
}

function isListed(known: { nodes: Node[] } | undefined): boolean {
  return known?.nodes.length === 1
}

for (const binary of ['ours', 'reference'] as const) {
  void suite(`nsqlookupd 1.3.0 with ${nsqdBinaries[binary]}`, () => {
    void test('knows the node, its topics and channels, as they come and go', async (t) => {
      const both = await startBoth(t, binary)
      if (both === undefined) return
      const { lookupd, nsqd } = both
      const [node] = await registeredNodes(lookupd)
      assert.ok(node)
      assert.equal(node.version, '1.3.0')
      await nsqd.post('/topic/create?topic=orders')
      await nsqd.post('/channel/create?topic=orders&channel=a')
      await nsqd.post('/channel/create?topic=orders&channel=b')
      const found = await eventually(
        () => lookUp(lookupd, 'orders'),
        channelsAre('a', 'b'),
        'both channels are known',
      )
      assert.ok(found?.nodes[0] && isAt(found.nodes[0], nsqd))
      await nsqd.post('/topic/delete?topic=orders')
      await eventually(
        () => lookUp(lookupd, 'orders'),
        (known) => known?.nodes.length === 0,
        'nobody has the topic any more',
      )
    })

    void test('hides a tombstoned node until the topic is made anew', async (t) => {
      const both = await startBoth(t, binary)
      if (both === undefined) return
      const { lookupd, nsqd } = both
      await nsqd.post('/topic/create?topic=orders')
      await eventually(() => lookUp(lookupd, 'orders'), isListed, 'the node is listed')
      await lookupd.send('POST', `/topic/tombstone?topic=orders&node=${nsqd.httpAddress}`)
      assert.equal((await lookUp(lookupd, 'orders'))?.nodes.length, 0)
      await nsqd.post('/topic/delete?topic=orders')
      await eventually(
        async () => (await registeredNodes(lookupd))[0],
        (node) => node?.topics.length === 0,
        'the topic is unregistered',
      )
      await nsqd.post('/topic/create?topic=orders')
      await eventually(() => lookUp(lookupd, 'orders'), isListed, 'the node is listed again')
    })

    void test('is told everything again after a restart', async (t) => {
      const both = await startBoth(t, binary)
      if (both === undefined) return
      const { lookupd, nsqd } = both
      await nsqd.post('/topic/create?topic=orders')
      await nsqd.post('/channel/create?topic=orders&channel=a')
      await nsqd.post('/topic/create?topic=empty')
      await lookupd[Symbol.asyncDispose]()
      await nsqd.post('/channel/create?topic=orders&channel=made-meanwhile')
      const again = await startLookupd(t, [
        `-tcp-address=${lookupd.tcpAddress}`,
        `-http-address=${lookupd.httpAddress}`,
      ])
      assert.ok(again)
      await eventually(
        () => lookUp(again, 'orders'),
        channelsAre('a', 'made-meanwhile'),
        'the channels are known again',
      )
      assert.equal((await lookUp(again, 'empty'))?.nodes.length, 1)
    })

    void test('tells a second node the channels of the first', async (t) => {
      const both = await startBoth(t, binary)
      if (both === undefined) return
      const { lookupd, nsqd } = both
      await nsqd.post('/topic/create?topic=orders')
      for (const channel of ['a', 'b', 'c%23ephemeral']) {
        await nsqd.post(`/channel/create?topic=orders&channel=${channel}`)
      }
      await eventually(
        () => lookUp(lookupd, 'orders'),
        channelsAre('a', 'b', 'c#ephemeral'),
        'the channels are known',
      )
      const second = await startRegistered(t, binary, lookupd)
      await second.post('/pub?topic=orders', 'first')
      const stats = await eventually(
        () => second.stats('orders'),
        (topic) => topic?.channels.length === 2 && topic.depth === 0,
        'the second node has the channels',
      )
      const depths = stats?.channels.map(({ channel_name: name, depth }) => [name, depth])
      assert.deepEqual(depths?.toSorted(), [
        ['a', 1],
        ['b', 1],
      ])
    })

    void test('lets nsq_tail find the messages, of two nodes and with one nsqlookupd gone', async (t) => {
      const [one, two] = [await startLookupd(t), await startLookupd(t)]
      if (one === undefined || two === undefined) return
      const nodes = [
        await startRegistered(t, binary, one, two),
        await startRegistered(t, binary, one, two),
      ]
      await one[Symbol.asyncDispose]()
      for (const [i, nsqd] of nodes.entries()) await nsqd.post('/pub?topic=orders', `node ${i}`)
      await eventually(
        () => lookUp(two, 'orders'),
        (known) => known?.nodes.length === 2,
        'both nodes are known',
      )
      const tail = spawn(
        await buildReference('nsq_tail'),
        [`-lookupd-http-address=${two.httpAddress}`, '-topic=orders', '-channel=tail', '-n=2'],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      )
      t.after(() => tail.kill('SIGKILL'))
      const slow = setTimeout(() => tail.kill('SIGKILL'), 20_000)
      const [output] = await Promise.all([text(tail.stdout), once(tail, 'exit')])
      clearTimeout(slow)
      assert.deepEqual(output.trim().split('\n').toSorted(), ['node 0', 'node 1'])
    })

    void test('lets nsq_to_file find the messages and archive them', async (t) => {
      const both = await startBoth(t, binary)
      if (both === undefined) return
      const { lookupd, nsqd } = both
      await nsqd.post('/mpub?topic=orders', 'one\ntwo\nthree')
      const folder = await mkdtemp(join(tmpdir(), 'tsq-interop-archive-'))
      t.after(() => rm(folder, { recursive: true, force: true }))
      const archiver = spawn(
        await buildReference('nsq_to_file'),
        [
          `-lookupd-http-address=${lookupd.httpAddress}`,
          '-topic=orders',
          '-channel=archive',
          `-output-dir=${folder}`,
          '-gzip',
        ],
        { stdio: 'ignore' },
      )
      t.after(() => archiver.kill('SIGKILL'))
      await eventually(
        async () => (await nsqd.stats('orders'))?.channels[0],
        (channel) => channel?.message_count === 3 && channel.depth === 0,
        'the messages are taken',
      )
      archiver.kill('SIGTERM')
      const [exitCode] = await once(archiver, 'exit')
      assert.equal(exitCode, 0)
      const [name = ''] = await readdir(folder)
      const archived = gunzipSync(await readFile(join(folder, name))).toString()
      assert.deepEqual(archived.trim().split('\n').toSorted(), ['one', 'three', 'two'])
    })

    void test('lets nsqadmin see the node', async (t) => {
      const all = await startWithAdmin(t, binary)
      if (all === undefined) return
      const { nsqd, admin } = all
      const topic = (await admin.get('/api/topics/orders')) as { message_count: number }
      assert.equal(topic.message_count, 2)
      const channel = (await admin.get('/api/topics/orders/a')) as { depth: number }
      assert.equal(channel.depth, 2)
      assert.ok(await admin.get(`/api/nodes/${nsqd.httpAddress}`))
      const { nodes } = (await admin.get('/api/nodes')) as { nodes: Node[] }
      assert.ok(nodes[0] && isAt(nodes[0], nsqd))
      const counter = (await admin.get('/api/counter')) as { stats: object }
      assert.equal(Object.keys(counter.stats).length, 1)
    })

    void test('lets nsqadmin do everything to the node', async (t) => {
      const all = await startWithAdmin(t, binary)
      if (all === undefined) return
      const { lookupd, nsqd, admin } = all
      const act = (place: string, action: string): Promise<void> =>
        admin.send('POST', `/api/topics/${place}`, { action })

      await admin.send('POST', '/api/topics', { topic: 'orders', channel: 'b' })
      assert.deepEqual(Object.keys(await channelsOf(nsqd)), ['a', 'b'])
      await act('orders/a', 'pause')
      assert.deepEqual((await channelsOf(nsqd))['a'], { depth: 2, paused: true })
      await act('orders/a', 'unpause')
      await act('orders/a', 'empty')
      assert.deepEqual((await channelsOf(nsqd))['a'], { depth: 0, paused: false })
      await admin.send('DELETE', '/api/topics/orders/b')
      assert.deepEqual(Object.keys(await channelsOf(nsqd)), ['a'])

      await act('orders', 'pause')
      await nsqd.post('/pub?topic=orders', 'held back')
      assert.deepEqual(await waiting(nsqd), { depth: 1, paused: true })
      await act('orders', 'empty')
      assert.deepEqual(await waiting(nsqd), { depth: 0, paused: true })
      await act('orders', 'unpause')
      assert.deepEqual(await waiting(nsqd), { depth: 0, paused: false })

      await admin.send('DELETE', `/api/nodes/${nsqd.httpAddress}`, { topic: 'orders' })
      assert.equal(await nsqd.stats('orders').catch(() => undefined), undefined)
      await nsqd.post('/pub?topic=orders', 'again')
      await eventually(() => lookUp(lookupd, 'orders'), isListed, 'the node is listed again')
      await admin.send('DELETE', '/api/topics/orders')
      assert.equal(await nsqd.stats('orders').catch(() => undefined), undefined)
      await eventually(
        async () => (await registeredNodes(lookupd))[0],
        (node) => node?.topics.length === 0,
        'the topic is unregistered',
      )
    })
  })
}

/** A node with two messages for channel `a` of topic `orders`, which nsqadmin knows. */
async function startWithAdmin(
  t: TestContext,
  binary: NsqdBinary,
): Promise<{ lookupd: ReferenceDaemon; nsqd: RunningNsqd; admin: ReferenceDaemon } | undefined> {
  const both = await startBoth(t, binary)
  if (both === undefined) return undefined
  const { lookupd, nsqd } = both
  const admin = await prepareOrSkip(t, () =>
    ReferenceDaemon.start('nsqadmin', [`-lookupd-http-address=${lookupd.httpAddress}`]),
  )
  if (admin === undefined) return undefined
  t.after(() => admin[Symbol.asyncDispose]())
  await nsqd.post('/mpub?topic=orders', 'x\ny')
  await nsqd.post('/channel/create?topic=orders&channel=a')
  await eventually(() => lookUp(lookupd, 'orders'), channelsAre('a'), 'the channel is known')
  return { ...both, admin }
}

interface Waiting {
  readonly depth: number
  readonly paused: boolean
}

/** What the node itself says of the topic. */
async function waiting(nsqd: RunningNsqd): Promise<Waiting | undefined> {
  const topic = await nsqd.stats('orders')
  return topic && { depth: topic.depth, paused: topic.paused }
}

async function channelsOf(nsqd: RunningNsqd): Promise<Readonly<Record<string, Waiting>>> {
  const channels = (await nsqd.stats('orders'))?.channels ?? []
  return Object.fromEntries(
    channels.map(({ channel_name: name, depth, paused }) => [name, { depth, paused }]),
  )
}
