import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, suite, test, type TestContext } from 'node:test'

import { makeCertificates, TempFolder, until, whyNoCertificates } from '@tsq/testing'

import { Endpoint } from './endpoint.ts'
import { TestNsqd } from './nsqd-topics.ts'
import { runTool, ToolProcess } from './tool-process.ts'

const CHANNEL = 'nsq_to_http'
/** What fails comes again soon, and slows nothing down, so that a test takes seconds. */
const IMPATIENT = [
  '--consumer-opt=default_requeue_delay,100ms',
  '--consumer-opt=max_requeue_delay,300ms',
  '--consumer-opt=backoff_multiplier,10ms',
  '--consumer-opt=max_backoff_duration,100ms',
]

async function endpoints(t: TestContext, count: number): Promise<Endpoint[]> {
  const made = await Promise.all(Array.from({ length: count }, () => Endpoint.start()))
  t.after(() => Promise.all(made.map((endpoint) => endpoint.close())))
  return made
}

function posts(targets: readonly Endpoint[]): string[] {
  return targets.map(({ url }) => `--post=${url}`)
}

function bodies(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `body ${n}`)
}

void suite('nsq_to_http', () => {
  const folder = new TempFolder('nsq-to-http')
  let nsqd: TestNsqd

  before(async () => {
    nsqd = await TestNsqd.start(folder.at('.'))
  })

  after(async () => {
    await nsqd.stop()
    folder[Symbol.dispose]()
  })

  const newTopic = (...messages: readonly string[]): Promise<string> =>
    nsqd.newTopic(CHANNEL, messages)

  function start(t: TestContext, topic: string, flags: readonly string[]): ToolProcess {
    const source = [`--topic=${topic}`, `--nsqd-tcp-address=${nsqd.address}`]
    const tool = new ToolProcess('nsq_to_http', [...source, ...IMPATIENT, ...flags])
    t.after(() => tool.end('SIGKILL'))
    return tool
  }

  void test('posts the body, with its headers and those of the user over them', async (t) => {
    const [target] = (await endpoints(t, 1)) as [Endpoint]
    const topic = await newTopic('{"a": 1}')
    const tool = start(t, topic, [
      ...posts([target]),
      '--content-type=application/json',
      '--header=X-Topic: <TOPIC>',
      '--header=User-Agent: mine',
    ])
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    const { method, headers, body } = target.received[0]!
    assert.equal(method, 'POST')
    assert.equal(body, '{"a": 1}')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['content-length'], '8')
    assert.equal(headers['accept-encoding'], 'gzip')
    assert.equal(headers['user-agent'], 'mine')
    assert.equal(headers['x-topic'], topic)
    assert.equal(target.received.length, 1)
  })

  void test('gets a URL with the body in it; only 200 will do', async (t) => {
    const [target] = (await endpoints(t, 1)) as [Endpoint]
    target.behaviour = 204
    const topic = await newTopic('a b&ü')
    const tool = start(t, topic, [`--get=${target.url}x?m=%s`])
    await until('it was asked twice', () => target.received.length >= 2)
    target.behaviour = 200
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    const { method, url, headers } = target.received.at(-1)!
    assert.deepEqual([method, url], ['GET', '/x?m=a+b%26%C3%BC'])
    assert.equal(headers['user-agent'], 'nsq_to_http v1.3.0')
    assert.equal(headers['content-type'], undefined)
  })

  void test('round-robin: 6 and 6 of 12', async (t) => {
    const targets = await endpoints(t, 2)
    const topic = await newTopic(...bodies(12))
    const tool = start(t, topic, [...posts(targets), '--mode=round-robin'])
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    assert.deepEqual(
      targets.map(({ taken }) => taken.length),
      [6, 6],
    )
  })

  void test('an unknown mode sends to all', async (t) => {
    const targets = await endpoints(t, 3)
    const topic = await newTopic(...bodies(10))
    const tool = start(t, topic, [...posts(targets), '--mode=everybody'])
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    for (const { taken } of targets) assert.deepEqual(taken.toSorted(), bodies(10).toSorted())
  })

  for (const mode of ['hostpool', 'round-robin', 'epsilon-greedy']) {
    void test(`${mode}: with one that refuses, stalls or fails every message arrives`, async (t) => {
      const [good, bad] = (await endpoints(t, 2)) as [Endpoint, Endpoint]
      for (const trouble of [500, 'stall', 'refuse'] as const) {
        if (trouble === 'refuse') await bad.close()
        else bad.behaviour = trouble
        const sent = bodies(30).map((body) => `${trouble} ${body}`)
        const topic = await newTopic(...sent)
        const limit = '--http-client-request-timeout=300ms'
        const tool = start(t, topic, [...posts([bad, good]), `--mode=${mode}`, limit])
        await nsqd.drained(topic, CHANNEL)
        await tool.stop()
        assert.match(tool.stderr, new RegExp(`\\(${bad.url}\\) `), 'it was tried')
        // On a busy machine even the good one may be late, and get a message twice.
        assert.deepEqual([...new Set(good.taken.splice(0))].toSorted(), sent.toSorted())
        assert.deepEqual(bad.taken, [])
      }
    })
  }

  void test('with nobody to take it a message is requeued, never finished', async (t) => {
    const [bad] = (await endpoints(t, 1)) as [Endpoint]
    bad.behaviour = 500
    const topic = await newTopic('only one')
    const tool = start(t, topic, posts([bad]))
    // More often than the five attempts after which NSQ's tool throws it away.
    await until('it was tried eight times', () => bad.received.length >= 8, { timeoutMs: 20_000 })
    const stats = (await nsqd.channel(topic, CHANNEL))!
    assert.equal(stats.depth + stats.in_flight_count + stats.deferred_count, 1)
    bad.behaviour = 200
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    assert.deepEqual(bad.taken, ['only one'])
    assert.match(tool.stderr, /got status code 500/)
  })

  void test('--retries tries again here, before the message goes back', async (t) => {
    const [bad] = (await endpoints(t, 1)) as [Endpoint]
    bad.behaviour = 503
    const topic = await newTopic('only one')
    const tool = start(t, topic, [...posts([bad]), '--retries=1000'])
    await until('it was tried three times', () => bad.received.length >= 3)
    assert.equal((await nsqd.channel(topic, CHANNEL))?.in_flight_count, 1)
    bad.behaviour = 200
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
  })

  void test('multicast: all get everything, one that fails later than the others, nobody twice', async (t) => {
    const targets = (await endpoints(t, 3)) as [Endpoint, Endpoint, Endpoint]
    const [, bad] = targets
    bad.behaviour = 'stall'
    const topic = await newTopic(...bodies(20))
    const tool = start(t, topic, [
      ...posts(targets),
      '--mode=multicast',
      '--http-client-request-timeout=2s',
    ])
    const good = targets.filter((target) => target !== bad)
    await until('the others have it all', () => good.every(({ taken }) => taken.length >= 20))
    const stats = (await nsqd.channel(topic, CHANNEL))!
    assert.equal(stats.depth + stats.in_flight_count + stats.deferred_count, 20)
    // Without the 30 s that the dead have to wait: a new process knows nothing of them, nor of what was sent.
    await tool.stop()
    bad.behaviour = 200
    const second = start(t, topic, [`--post=${bad.url}`])
    await nsqd.drained(topic, CHANNEL)
    await second.stop()
    assert.deepEqual(bad.taken.toSorted(), bodies(20).toSorted())
    for (const { taken } of good) assert.deepEqual(taken.toSorted(), bodies(20).toSorted())
  })

  for (const mode of ['hostpool', 'round-robin', 'multicast']) {
    void test(`${mode}: one that stalls stops no other`, async (t) => {
      const [good, bad] = (await endpoints(t, 2)) as [Endpoint, Endpoint]
      bad.behaviour = 'stall'
      const topic = await newTopic(...bodies(100))
      const limits = ['--n=10', '--max-in-flight=20', '--http-client-request-timeout=1h']
      start(t, topic, [...posts([bad, good]), `--mode=${mode}`, ...limits])
      const expected = mode === 'multicast' ? 100 : 95
      await until('the other has what it can get', () => good.taken.length >= expected)
      // Half of what can be under way is stuck; with multicast all that could be, before it was noticed.
      assert.ok(bad.received.length <= (mode === 'multicast' ? 10 : 5), `${bad.received.length}`)
    })
  }

  void test('--sample sends a share and finishes the rest', async (t) => {
    const [target] = (await endpoints(t, 1)) as [Endpoint]
    const topic = await newTopic(...bodies(200))
    const tool = start(t, topic, [...posts([target]), '--sample=0.5'])
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    assert.ok(target.taken.length > 50 && target.taken.length < 150, `${target.taken.length} sent`)
  })

  void test(
    'trusts the authorities it is given, and shows its own certificate',
    { skip: whyNoCertificates() },
    async (t) => {
      const { ca, cert, key, clientCert, clientKey } = makeCertificates()
      const bodiesSeen: string[] = []
      const server = createServer(
        {
          ca: readFileSync(ca),
          cert: readFileSync(cert),
          key: readFileSync(key),
          requestCert: true,
          rejectUnauthorized: true,
        },
        (request, response) => {
          void text(request).then((body) => {
            bodiesSeen.push(body)
            return response.end()
          })
        },
      )
      await once(server.listen(0, '127.0.0.1'), 'listening')
      t.after(() => server.close().closeAllConnections())
      const address = server.address()
      assert.ok(typeof address === 'object' && address !== null)
      const target = `--post=https://127.0.0.1:${address.port}/`
      const topic = await newTopic('secret')
      const stranger = start(t, topic, [target])
      await until('it does not trust it', () => /certificate/.test(stranger.stderr))
      await stranger.stop()
      const tool = start(t, topic, [
        target,
        `--tls-root-ca-file=${ca}`,
        `--tls-cert=${clientCert}`,
        `--tls-key=${clientKey}`,
      ])
      await nsqd.drained(topic, CHANNEL)
      await tool.stop()
      assert.deepEqual(bodiesSeen, ['secret'])
    },
  )

  void test('tells how long requests take', async (t) => {
    const targets = await endpoints(t, 2)
    const topic = await newTopic(...bodies(250))
    const flags = ['--mode=round-robin', '--status-every=100']
    const tool = start(t, topic, [...posts(targets), ...flags])
    await nsqd.drained(topic, CHANNEL)
    await tool.stop()
    const figures = 'finished 100 - 99th: [\\d.]+ms - 95th: [\\d.]+ms - avg: [\\d.]+ms'
    assert.equal(tool.stderr.match(new RegExp(`\\[aggregate\\]: ${figures}`, 'g'))?.length, 2)
    assert.match(tool.stderr, new RegExp(`\\[${targets[0]!.url}\\]: ${figures}`))
  })

  void test('ends with 0, 1 or 2 as NSQ does', async () => {
    const help = await runTool('nsq_to_http', ['--help'])
    assert.deepEqual([help.code, help.stdout], [0, ''])
    assert.match(help.stderr, /^Usage of nsq_to_http:\n/)
    const version = await runTool('nsq_to_http', ['--version'])
    assert.deepEqual([version.code, version.stdout], [0, 'nsq_to_http v1.3.0\n'])
    const unknown = await runTool('nsq_to_http', ['--nope'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /^flag provided but not defined: -nope\n/)
    const flags = ['--post=http://127.0.0.1:1/', '--nsqd-tcp-address=127.0.0.1:1']
    const refused = await runTool('nsq_to_http', ['--topic=t', ...flags])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /dial tcp 127\.0\.0\.1:1: connect: connection refused\n$/)
  })
})
