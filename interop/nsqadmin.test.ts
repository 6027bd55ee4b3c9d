// Our nsqadmin and NSQ's, asked the same over the same cluster, must answer the same but for the defects that are mended.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { until } from '@tsq/testing'
import { RunningLookupd } from './lookupd-process.ts'
import { type AdminAnswer, type AdminBinary, RunningAdmin } from './nsqadmin.ts'
import { type NsqdBinary, type RunningNsqd, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'

const NOBODY = '127.0.0.1:1'

interface Cluster {
  readonly lookupds: readonly RunningLookupd[]
  readonly nsqds: readonly RunningNsqd[]
}

type Pair = readonly [ours: RunningAdmin, reference: RunningAdmin]

/** Two nsqlookupd; the second knows only the first of two nsqd. */
async function startCluster(t: TestContext, binary: NsqdBinary): Promise<Cluster> {
  const lookupds: RunningLookupd[] = []
  for (let i = 0; i < 2; i++) {
    const lookupd = await RunningLookupd.start(binary, ['--broadcast-address=127.0.0.1'])
    t.after(() => lookupd.stop())
    lookupds.push(lookupd)
  }
  const nsqds: RunningNsqd[] = []
  for (const known of [lookupds, lookupds.slice(0, 1)]) {
    const nsqd = await startNsqd({
      binary,
      flags: [
        ...known.map(({ tcpPort }) => `--lookupd-tcp-address=127.0.0.1:${tcpPort}`),
        '--e2e-processing-latency-percentile=0.99,0.95',
      ],
    })
    t.after(() => nsqd.stop())
    nsqds.push(nsqd)
  }
  return { lookupds, nsqds }
}

function lookupFlags({ lookupds }: Cluster): string[] {
  return lookupds.map(({ httpPort }) => `--lookupd-http-address=127.0.0.1:${httpPort}`)
}

async function startAdmin(
  t: TestContext,
  binary: AdminBinary,
  flags: readonly string[],
): Promise<RunningAdmin> {
  const admin = await RunningAdmin.start(binary, flags)
  t.after(() => admin.stop())
  return admin
}

async function startPair(t: TestContext, flags: readonly string[]): Promise<Pair> {
  return [await startAdmin(t, 'ours', flags), await startAdmin(t, 'reference', flags)]
}

/** Topics and channels with messages, a consumer, paused ones, ephemeral ones, and some without nodes. */
async function fill({ lookupds, nsqds }: Cluster): Promise<void> {
  const [first, second] = nsqds
  for (const nsqd of nsqds) {
    await nsqd.post('/topic/create?topic=orders')
    await nsqd.post('/channel/create?topic=orders&channel=ship')
    await nsqd.post('/channel/create?topic=orders&channel=bill')
    for (let i = 0; i < 3; i++) await nsqd.post('/pub?topic=orders', `order ${i}`)
  }
  await first!.post('/topic/create?topic=solo')
  await second!.post('/topic/create?topic=second')
  await second!.post('/channel/create?topic=second&channel=c%23ephemeral')
  await second!.post('/pub?topic=second&defer=60000', 'later')
  await first!.post('/channel/pause?topic=orders&channel=bill')
  for (const topic of ['ghost', 'bare'])
    await lookupds[1]!.http('POST', `/topic/create?topic=${topic}`)
  await lookupds[1]!.http('POST', '/channel/create?topic=ghost&channel=gc')
}

/** A consumer that holds what it gets. */
async function consume(t: TestContext, nsqd: RunningNsqd, channel: string): Promise<void> {
  const socket = connect(Number(nsqd.tcpAddress.split(':')[1]), '127.0.0.1')
  t.after(() => socket.destroy())
  const identity = JSON.stringify({ client_id: 'cid1', hostname: 'hostA', user_agent: 'spec/1.0' })
  const size = Buffer.alloc(4)
  size.writeUInt32BE(identity.length)
  socket.write(Buffer.concat([Buffer.from('  V2IDENTIFY\n'), size, Buffer.from(identity)]))
  socket.write(`SUB orders ${channel}\nRDY 1\n`)
  socket.on('error', () => undefined)
  await until('the message is in flight', async () =>
    ((await nsqd.stats('orders'))?.channels ?? []).some((one) => one.in_flight_count > 0),
  )
}

type Json = Readonly<Record<string, unknown>>

/** Drops what may differ: order of keys and nodes, times, and what is mended. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return sortedByAddress(value.map(masked))
  if (typeof value !== 'object' || value === null) return value
  const object = value as Json
  const entries = Object.entries(object).filter(
    ([key]) => !['connected', 'min', 'remote_address'].includes(key),
  )
  return Object.fromEntries(
    entries.map(([key, one]) => {
      // NSQ's merged channels lack their first node and share its numbers (aliasing).
      if (key === 'channels' && Array.isArray(one)) return [key, one.map(withoutAliases)]
      if (key === 'e2e_processing_latency' && one !== null) {
        const { count, percentiles } = one as Json
        return [key, masked({ count, percentiles })]
      }
      return [key, masked(one)]
    }),
  )
}

function sortedByAddress(list: readonly unknown[]): unknown[] {
  return list.toSorted((a, b) => addressOf(a).localeCompare(addressOf(b)))
}

function addressOf(one: unknown): string {
  if (typeof one === 'string') return one
  if (typeof one !== 'object' || one === null) return ''
  const { http_port: port, node } = one as { readonly http_port?: number; readonly node?: string }
  return `${port ?? ''}${node ?? ''}`
}

function withoutAliases(channel: unknown): unknown {
  const { channel_name, topic_name } = channel as Json
  return { channel_name, topic_name }
}

function shown({ status, headers, json, text }: AdminAnswer): unknown {
  return {
    status,
    type: headers.get('content-type'),
    nsq: headers.get('x-nsq-content-type'),
    allow: headers.get('allow'),
    answer: json === undefined ? text : masked(json),
  }
}

/** What NSQ's own page reads, path by path. */
const READS = [
  '/api/topics',
  '/api/topics?inactive=true',
  '/api/topics/orders',
  '/api/topics/solo',
  '/api/topics/orders/ship',
  '/api/topics/orders/bill',
  '/api/topics/second/c%23ephemeral',
  '/api/nodes',
  '/api/counter',
]

/** Calls that both refuse alike. */
const REFUSED: readonly (readonly [string, string, unknown?])[] = [
  ['POST', '/api/topics', ''],
  ['POST', '/api/topics', { topic: 'bad name' }],
  ['POST', '/api/topics', { topic: 'ok', channel: '$' }],
  ['POST', '/api/topics/orders', { action: 'nope' }],
  ['POST', '/api/topics/orders/ship', { action: 'nope' }],
  ['DELETE', '/api/nodes/127.0.0.1:9', {}],
  ['GET', '/api/nodes/127.0.0.1:9'],
  ['PUT', '/api/topics', {}],
  ['PATCH', '/api/nodes', {}],
  ['GET', '/api/nope'],
  ['GET', '/api/graphite'],
  ['GET', '/api/graphite?metric=rate'],
  ['GET', '/config/nope'],
  ['PUT', '/config/log_level', 'loud'],
  ['PUT', '/config/log_level', ''],
  ['PUT', '/config/base_path', 'x'],
  ['GET', '/render'],
]

void suite('our nsqadmin beside nsqadmin 1.3.0', { timeout: 180_000 }, () => {
  void test('reads are answered alike, with two nsqlookupd that know different things', async (t) => {
    const cluster = await prepareOrSkip(t, () => startCluster(t, 'reference'))
    if (cluster === undefined) return
    await fill(cluster)
    await consume(t, cluster.nsqds[0]!, 'ship')
    const [ours, reference] = await startPair(t, lookupFlags(cluster))
    await until('nsqadmin knows the second node', async () =>
      (await reference.call('GET', '/api/nodes')).text.includes('second'),
    )
    for (const target of [
      ...READS,
      ...cluster.nsqds.map((one) => `/api/nodes/${one.httpAddress}`),
    ]) {
      const answers = await Promise.all([ours.call('GET', target), reference.call('GET', target)])
      assert.deepEqual(...(answers.map(shownWithoutKnown404) as [unknown, unknown]), target)
    }
  })

  void test('the same without nsqlookupd', async (t) => {
    const cluster = await prepareOrSkip(t, () => startCluster(t, 'reference'))
    if (cluster === undefined) return
    await fill(cluster)
    const flags = cluster.nsqds.map(({ httpAddress }) => `--nsqd-http-address=${httpAddress}`)
    const [ours, reference] = await startPair(t, flags)
    for (const target of [
      ...READS,
      ...cluster.nsqds.map((one) => `/api/nodes/${one.httpAddress}`),
    ]) {
      const answers = await Promise.all([ours.call('GET', target), reference.call('GET', target)])
      assert.deepEqual(...(answers.map(shown) as [unknown, unknown]), target)
    }
  })

  void test('what is refused is refused alike', async (t) => {
    const cluster = await prepareOrSkip(t, () => startCluster(t, 'reference'))
    if (cluster === undefined) return
    const [ours, reference] = await startPair(t, lookupFlags(cluster))
    for (const [method, target, body] of REFUSED) {
      const answers = await Promise.all([
        ours.call(method, target, body),
        reference.call(method, target, body),
      ])
      const [a, b] = answers.map(({ status, json, headers }) => ({
        status,
        json,
        allow: headers.get('allow'),
      }))
      assert.deepEqual(a, b, `${method} ${target} ${JSON.stringify(body)}`)
    }
  })

  void test('a nsqlookupd or nsqd that is away is a warning, all of them are 502', async (t) => {
    const cluster = await prepareOrSkip(t, () => startCluster(t, 'reference'))
    if (cluster === undefined) return
    await fill(cluster)
    const flags = [...lookupFlags(cluster), `--lookupd-http-address=${NOBODY}`]
    const [ours, reference] = await startPair(t, flags)
    for (const target of ['/api/topics', '/api/topics/orders', '/api/nodes', '/api/counter']) {
      const answers = await Promise.all([ours.call('GET', target), reference.call('GET', target)])
      for (const { status, json } of answers) {
        assert.equal(status, 200, target)
        const { message } = json as { readonly message: string }
        assert.match(message, /^WARNING: (.*\n)*Get "http:\/\/127\.0\.0\.1:1\/\w+.*": /, target)
      }
    }
    const none = await startPair(t, [`--lookupd-http-address=${NOBODY}`])
    for (const admin of none) {
      const { status, json } = await admin.call('GET', '/api/topics')
      assert.equal(status, 502)
      const { message } = json as { readonly message: string }
      assert.match(message, /^UPSTREAM_ERROR: failed to query any nsqlookupd: Get "http:\/\/127/)
      const created = await admin.call('POST', '/api/topics', { topic: 'x' })
      assert.equal(created.status, 200)
      assert.match((created.json as { message: string }).message, /^WARNING: Post "http:\/\/127/)
    }
  })

  void test('writes do the same to a cluster, called as its own page calls them', async (t) => {
    const outcomes = []
    for (const binary of ['ours', 'reference'] as const) {
      const cluster = await prepareOrSkip(t, () => startCluster(t, 'reference'))
      if (cluster === undefined) return
      await fill(cluster)
      const admin = await startAdmin(t, binary, lookupFlags(cluster))
      outcomes.push(await writeAll(admin, cluster))
    }
    assert.deepEqual(outcomes[0], outcomes[1])
  })

  void test('ours works on nsqd 1.3.0 and on ours; what 1.3.0 lacks is told', async (t) => {
    for (const binary of ['ours', 'reference'] as const) {
      const cluster = await prepareOrSkip(t, () => startCluster(t, binary))
      if (cluster === undefined) return
      await fill(cluster)
      const admin = await startAdmin(t, 'ours', lookupFlags(cluster))
      await until('nsqadmin knows the second node', async () =>
        (await admin.call('GET', '/api/nodes')).text.includes('second'),
      )
      const overview = (await admin.call('GET', '/api/overview')).json as Json
      assert.deepEqual(
        [overview['node_count'], overview['topic_count'], overview['problems']],
        [2, 5, []],
      )
      const peek = (await admin.call('GET', '/api/peek?topic=orders&channel=ship')).json as {
        messages: readonly { body_base64: string }[]
        unsupported: readonly string[]
      }
      const bodies = peek.messages.map((one) => Buffer.from(one.body_base64, 'base64').toString())
      assert.equal(bodies.length, binary === 'ours' ? 6 : 0)
      assert.equal(peek.unsupported.length, binary === 'ours' ? 0 : 2)
      await tailOne(admin, cluster)
    }
  })
})

/** A 404 of some nsqlookupd is normal and no warning of ours. */
function shownWithoutKnown404(answer: AdminAnswer): unknown {
  const { json } = answer
  if (typeof json !== 'object' || json === null) return shown(answer)
  const { message } = json as { readonly message?: unknown }
  const isKnown = typeof message === 'string' && isKnown404(message)
  return shown(isKnown ? { ...answer, json: { ...json, message: '' } } : answer)
}

function isKnown404(message: string): boolean {
  return /^WARNING: got response 404 [^\n]*TOPIC_NOT_FOUND[^\n]*$/.test(message)
}

/** Every write once; what was answered, and what the nodes have afterwards. */
async function writeAll(admin: RunningAdmin, { nsqds, lookupds }: Cluster): Promise<unknown> {
  await until('nsqadmin knows the second node', async () =>
    (await admin.call('GET', '/api/nodes')).text.includes('second'),
  )
  const calls: [string, string, unknown?][] = [
    ['POST', '/api/topics', { topic: 'made' }],
    ['POST', '/api/topics', { topic: 'orders', channel: 'made' }],
    ['POST', '/api/topics/orders', { action: 'pause' }],
    ['POST', '/api/topics/orders/ship', { action: 'pause' }],
    ['POST', '/api/topics/orders/bill', { action: 'unpause' }],
    ['POST', '/api/topics/orders/ship', { action: 'empty' }],
    ['DELETE', '/api/topics/second/c%23ephemeral'],
    ['DELETE', '/api/topics/solo'],
    ['DELETE', '/api/topics/ghost'],
    ['DELETE', `/api/nodes/${nsqds[1]!.httpAddress}`, { topic: 'orders' }],
  ]
  const answers = []
  for (const [method, target, body] of calls) {
    const { status, json } = await admin.call(method, target, body)
    const { message } = json as { readonly message: string }
    answers.push([target.replace(/:\d+/, ''), status, message === '' || isKnown404(message)])
  }
  const state = []
  for (const nsqd of nsqds) {
    const { topics } = (await (
      await fetch(`http://${nsqd.httpAddress}/stats?format=json&include_mem=false`)
    ).json()) as { topics: Json[] }
    state.push(
      topics.map((topic) => [
        topic['topic_name'],
        topic['paused'],
        (topic['channels'] as Json[]).map((one) => [
          one['channel_name'],
          one['paused'],
          one['depth'],
        ]),
      ]),
    )
  }
  const names = await Promise.all(
    lookupds.map(
      async (one) => JSON.parse((await one.http('GET', '/topics')).body) as { topics: string[] },
    ),
  )
  return { answers, state, names: names.map(({ topics }) => topics.toSorted()) }
}

/** The tail shows what is published, and its channel is gone when the viewer is. */
async function tailOne(admin: RunningAdmin, { nsqds }: Cluster): Promise<void> {
  const aborter = new AbortController()
  const response = await fetch(`http://${admin.httpAddress}/api/tail?topic=orders&filter=needle`, {
    signal: aborter.signal,
  })
  const channels = async (): Promise<string[]> => {
    const lists = await Promise.all(
      nsqds.map(async (nsqd) => (await nsqd.stats('orders'))?.channels ?? []),
    )
    return lists
      .flat()
      .map((one) => one.channel_name)
      .filter((name) => name.startsWith('nsqadmin-tail'))
  }
  await until('a channel on every nsqd', async () => (await channels()).length === nsqds.length)
  await nsqds[0]!.post('/pub?topic=orders', 'hay')
  await nsqds[1]!.post('/pub?topic=orders', 'a needle')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('event: message')) text += (await reader.read()).value ?? ''
  assert.ok(text.includes(Buffer.from('a needle').toString('base64')))
  assert.ok(!text.includes(Buffer.from('hay').toString('base64')))
  await reader.cancel().catch(() => undefined)
  aborter.abort()
  await until('no channel is left', async () => (await channels()).length === 0)
  const refused = await admin.call('GET', '/api/tail?topic=solo')
  assert.equal(refused.status, 409)
}
