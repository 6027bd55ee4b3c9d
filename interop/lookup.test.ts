// NSQ's own nsqlookupd, and what stands on it, with a nsqd.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { suite, test, type TestContext } from 'node:test'
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

    void test('lets nsqadmin see and operate the node', async (t) => {
      const both = await startBoth(t, binary)
      if (both === undefined) return
      const { lookupd, nsqd } = both
      const admin = await prepareOrSkip(t, () =>
        ReferenceDaemon.start('nsqadmin', [`-lookupd-http-address=${lookupd.httpAddress}`]),
      )
      if (admin === undefined) return
      t.after(() => admin[Symbol.asyncDispose]())
      await nsqd.post('/pub?topic=orders', 'x')
      await nsqd.post('/channel/create?topic=orders&channel=a')
      await eventually(
        () => admin.get('/api/topics'),
        (answer) => JSON.stringify(answer).includes('"orders"'),
        'nsqadmin lists the topic',
      )
      const topic = (await admin.get('/api/topics/orders')) as { message_count: number }
      assert.equal(topic.message_count, 1)
      assert.ok(await admin.get(`/api/nodes/${nsqd.httpAddress}`))
      await admin.send('POST', '/api/topics/orders/a', { action: 'pause' })
      const channel = (await admin.get('/api/topics/orders/a')) as { paused: boolean }
      assert.equal(channel.paused, true)
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
