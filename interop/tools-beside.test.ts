// Our utilities beside NSQ's own: the same flags and the same messages, and what comes out of both is compared.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildReference } from './build.ts'
import { repositoryFolder } from './folders.ts'
import { nsqdBinaries, type RunningNsqd, startNsqd } from './nsqd.ts'
import { prepareOrSkip } from './skip.ts'
import { startTool, type Tool } from './tool.ts'

const TIMEOUT_MS = 20_000
const CHANNEL = 'c'

type ToolName = 'nsq_tail' | 'nsq_stat' | 'nsq_to_http' | 'nsq_to_nsq'
type Maker = 'ours' | 'reference'
const MAKERS = ['ours', 'reference'] as const

/** Every row of the filter's table, and what is hard to encode. */
const FILTER_BODIES = [
  '{"a":1,"b":2}',
  '{"b":2}',
  '{"a":null,"c":true}',
  '{"a":"10"}',
  '{"a":10}',
  '{"a":10.0}',
  '{"a":1e1}',
  '{"a":"x"}',
  '{"a":[10]}',
  '{"a":{"10":1,"2":2,"-":3,"é":4}}',
  '{"a":true}',
  'null',
  '[1]',
  'no JSON',
  '{"a":',
  '{"a":1} {}',
  '{"a":9007199254740993}',
  '{"a":1e300,"b":1e-7}',
  '{"a":1e20,"b":1e21}',
  '{"a":-0,"b":0.1}',
  '{"a":"<>&\\u2028\\u2029\\"\\\\\\t\\n"}',
  '{"a":"ü😀\\ud83d\\ude00"}',
  '{"a":1,"a":2}',
  '{"z":{"y":[{"x":1,"w":2}]},"a":0}',
  ' { "a" : 1 } ',
]

const FILTERS: readonly (readonly string[])[] = [
  ['--require-json-field=a'],
  ['--require-json-field=a', '--require-json-value=10'],
  ['--whitelist-json-field=a', '--whitelist-json-field=z'],
  ['--require-json-field=a', '--whitelist-json-field=b'],
]

for (const binary of ['ours', 'reference'] as const) {
  void suite(`our utilities beside NSQ's, with ${nsqdBinaries[binary]}`, () => {
    void test('nsq_to_nsq passes on the same', async (t) => {
      const nsqd = await start(t, binary)
      if (nsqd === undefined) return
      for (const [index, filter] of FILTERS.entries()) {
        const outcomes: Record<Maker, PassedOn> = await bothDo(async (maker) => {
          const topic = `filter-${index}-${maker}`
          await publish(nsqd, topic, FILTER_BODIES)
          const copy = `${topic}-copy`
          await makeTopic(nsqd, copy)
          const tool = await startOne(t, maker, 'nsq_to_nsq', [
            ...consume(nsqd, topic),
            `--destination-nsqd-tcp-address=${nsqd.tcpAddress}`,
            `--destination-topic=${copy}`,
            // What fails stays away for as long as this takes.
            '--consumer-opt=max_backoff_duration,0s',
            ...filter,
          ])
          const left = await settled(nsqd, topic)
          await tool.stop()
          return { left, bodies: await bodiesOf(t, nsqd, copy) }
        })
        assert.deepEqual(outcomes.ours, outcomes.reference, filter.join(' '))
      }
    })

    void test('nsq_to_http asks for the same', async (t) => {
      const nsqd = await start(t, binary)
      if (nsqd === undefined) return
      const bodies = ['plain', 'a b&c=d/ü%~+"', '{"a":1}', 'x'.repeat(300)]
      const ways = [
        ['--post=', 'p?x=a%20b', '--content-type=a/b', '--header=X-A: 1', '--header=X-A: 2'],
        ['--get=', 'g?m=%s&n=1', '--header=User-Agent:mine'],
        ['--get=', 'path/%s'],
        ['--post=', 'p', '--header=Host: other', '--header=Content-Type: c/d'],
      ] as const
      for (const [index, [flag, path, ...flags]] of ways.entries()) {
        const outcomes = await bothDo<readonly string[]>(async (maker) => {
          const topic = `http-${index}-${maker}`
          await publish(nsqd, topic, bodies)
          const receiver = await listen(t)
          const url = `${flag}http://127.0.0.1:${receiver.port}/${path}`
          const tool = await startOne(t, maker, 'nsq_to_http', [
            ...consume(nsqd, topic),
            url,
            ...flags,
          ])
          await settled(nsqd, topic)
          await tool.stop()
          return receiver.requests.toSorted()
        })
        assert.deepEqual(outcomes.ours, outcomes.reference, `${flag}${path} ${flags.join(' ')}`)
      }
    })

    void test('nsq_tail prints the same', async (t) => {
      const nsqd = await start(t, binary)
      if (nsqd === undefined) return
      const bodies = ['one', 'ü\n\ttwo', '{"a":1}']
      const outcomes = await bothDo(async (maker) => {
        const topic = `tail-${maker}`
        await publish(nsqd, topic, bodies)
        const flags = [...consume(nsqd, topic), '--print-topic', `--n=${bodies.length}`]
        const tool = await startOne(t, maker, 'nsq_tail', flags)
        const output = await tool.output()
        return output.replaceAll(topic, 'TOPIC').split('TOPIC').toSorted()
      })
      assert.deepEqual(outcomes.ours, outcomes.reference)
    })

    void test('nsq_stat prints the same, to the byte', async (t) => {
      const nsqd = await start(t, binary)
      if (nsqd === undefined) return
      await publish(nsqd, 'stat', ['one', 'two', 'three'])
      const flags = [`--nsqd-http-address=${nsqd.httpAddress}`, '--topic=stat']
      const outcomes = await bothDo(async (maker) => {
        const more = [`--channel=${CHANNEL}`, '--interval=100ms', '--count=27']
        const tool = await startOne(t, maker, 'nsq_stat', [...flags, ...more])
        return tool.output()
      })
      assert.equal(outcomes.ours, outcomes.reference)
    })
  })
}

interface PassedOn {
  /** How many messages failed. */
  readonly left: number
  readonly bodies: readonly string[]
}

async function bothDo<T>(act: (maker: Maker) => Promise<T>): Promise<Record<Maker, T>> {
  const [ours, reference] = await Promise.all(MAKERS.map(act))
  return { ours: ours as T, reference: reference as T }
}

async function start(
  t: TestContext,
  binary: 'ours' | 'reference',
): Promise<RunningNsqd | undefined> {
  const nsqd = await prepareOrSkip(t, async () => {
    await buildReference('nsq_tail')
    return startNsqd({ binary })
  })
  if (nsqd !== undefined) t.after(() => nsqd.stop())
  return nsqd
}

function consume(nsqd: RunningNsqd, topic: string): string[] {
  return [`--nsqd-tcp-address=${nsqd.tcpAddress}`, `--topic=${topic}`, `--channel=${CHANNEL}`]
}

async function makeTopic(nsqd: RunningNsqd, topic: string): Promise<void> {
  await nsqd.post(`/topic/create?topic=${topic}`)
  await nsqd.post(`/channel/create?topic=${topic}&channel=${CHANNEL}`)
}

async function publish(nsqd: RunningNsqd, topic: string, bodies: readonly string[]): Promise<void> {
  await makeTopic(nsqd, topic)
  for (const body of bodies) await nsqd.post(`/pub?topic=${topic}`, body)
}

/** Waits until each message is finished or put aside, and says how many are put aside. */
async function settled(nsqd: RunningNsqd, topic: string): Promise<number> {
  const giveUpMs = Date.now() + TIMEOUT_MS
  for (;;) {
    const channel = (await nsqd.stats(topic))?.channels[0]
    assert.ok(channel, `/stats has a channel of ${topic}`)
    if (channel.depth + channel.in_flight_count === 0) return channel.deferred_count
    assert.ok(Date.now() < giveUpMs, `${channel.depth} messages of ${topic} are not taken`)
    await sleep(50)
  }
}

/** What a topic has, sorted; read with NSQ's own nsq_tail. */
async function bodiesOf(t: TestContext, nsqd: RunningNsqd, topic: string): Promise<string[]> {
  const count = (await nsqd.stats(topic))?.message_count ?? 0
  if (count === 0) return []
  const flags = [...consume(nsqd, topic), `--n=${count}`]
  const tail = await startOne(t, 'reference', 'nsq_tail', flags)
  return (await tail.output()).split('\n').toSorted()
}

interface Receiver {
  readonly port: number
  /** Each as text. */
  readonly requests: string[]
}

async function listen(t: TestContext): Promise<Receiver> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push(`${request.method} ${request.url} ${shown(request.headers)} ${body}`)
      return response.end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close().closeAllConnections())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { port: address.port, requests }
}

/** What is said of the message and the sender; how the connection is kept is each client's own affair. */
function shown({ host, connection, ...headers }: IncomingHttpHeaders): string {
  assert.match(host ?? '', /^127\.0\.0\.1:\d+$/)
  assert.ok(connection === undefined || connection === 'keep-alive')
  return JSON.stringify(headers, Object.keys(headers).toSorted())
}

async function startOne(
  t: TestContext,
  maker: Maker,
  name: ToolName,
  flags: readonly string[],
): Promise<Tool> {
  if (maker === 'reference') return startTool(t, await buildReference(name), flags)
  const program = join(repositoryFolder, 'packages', 'tsq', 'bin', `${name}.js`)
  return startTool(t, process.execPath, [program, ...flags])
}
