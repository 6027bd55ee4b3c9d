import assert from 'node:assert/strict'
import { after, before, suite, test, type TestContext } from 'node:test'

import { TempFolder, until } from '@tsq/testing'

import { TestNsqd } from './nsqd-topics.ts'
import { runTool, ToolProcess } from './tool-process.ts'

const CHANNEL = 'nsq_to_nsq'
const IMPATIENT = [
  '--consumer-opt=default_requeue_delay,100ms',
  '--consumer-opt=max_requeue_delay,300ms',
  '--consumer-opt=backoff_multiplier,10ms',
  '--consumer-opt=max_backoff_duration,100ms',
]

function to(...nsqds: readonly TestNsqd[]): string[] {
  return nsqds.map(({ address }) => `--destination-nsqd-tcp-address=${address}`)
}

/** What a nsqd has of a topic, by nsq_tail. */
async function bodiesIn(nsqd: TestNsqd, topic: string): Promise<string[]> {
  const count = (await nsqd.topic(topic))?.message_count ?? 0
  if (count === 0) return []
  const flags = [`--topic=${topic}`, `--nsqd-tcp-address=${nsqd.address}`, `--n=${count}`]
  const { code, stdout, stderr } = await runTool('nsq_tail', flags)
  assert.equal(code, 0, stderr)
  return stdout.split('\n').slice(0, -1).toSorted()
}

function bodies(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `body ${n}`)
}

void suite('nsq_to_nsq', () => {
  const folders = ['source', 'first', 'second'].map((name) => new TempFolder(`to-nsq-${name}`))
  let source: TestNsqd
  let first: TestNsqd
  let second: TestNsqd

  before(async () => {
    const nsqds = await Promise.all(folders.map((folder) => TestNsqd.start(folder.at('.'))))
    ;[source, first, second] = nsqds as [TestNsqd, TestNsqd, TestNsqd]
  })

  after(async () => {
    await Promise.all([source, first, second].map((nsqd) => nsqd.stop()))
    for (const folder of folders) folder[Symbol.dispose]()
  })

  const newTopic = (...messages: readonly string[]): Promise<string> =>
    source.newTopic(CHANNEL, messages)

  function start(t: TestContext, topic: string, flags: readonly string[]): ToolProcess {
    const from = [`--topic=${topic}`, `--nsqd-tcp-address=${source.address}`]
    const tool = new ToolProcess('nsq_to_nsq', [...from, ...IMPATIENT, ...flags])
    t.after(() => tool.end('SIGKILL'))
    return tool
  }

  void test('copies a topic to one of the same name, its bytes unchanged', async (t) => {
    const topic = await newTopic('one', ' two\t', '{ "a" : 1 }')
    const tool = start(t, topic, to(first))
    await source.drained(topic, CHANNEL)
    await tool.stop()
    assert.deepEqual(await bodiesIn(first, topic), [' two\t', 'one', '{ "a" : 1 }'])
  })

  void test('two topics into one', async (t) => {
    const [left, right] = [await newTopic('left'), await newTopic('right')]
    const tool = start(t, left, [`--topic=${right}`, '--destination-topic=both', ...to(first)])
    for (const topic of [left, right]) await source.drained(topic, CHANNEL)
    await tool.stop()
    assert.deepEqual(await bodiesIn(first, 'both'), ['left', 'right'])
  })

  void test('by turns to several', async (t) => {
    const topic = await newTopic(...bodies(12))
    const tool = start(t, topic, [...to(first, second), '--mode=round-robin'])
    await source.drained(topic, CHANNEL)
    await tool.stop()
    const halves = await Promise.all([bodiesIn(first, topic), bodiesIn(second, topic)])
    assert.deepEqual(
      halves.map((half) => half.length),
      [6, 6],
    )
    assert.deepEqual(halves.flat().toSorted(), bodies(12).toSorted())
  })

  void test('past one that is down, to one that is not', async (t) => {
    for (const mode of ['hostpool', 'round-robin', 'epsilon-greedy']) {
      const topic = await newTopic(...bodies(30))
      const down = '--destination-nsqd-tcp-address=127.0.0.1:1'
      const tool = start(t, topic, [down, ...to(first), `--mode=${mode}`])
      await source.drained(topic, CHANNEL)
      await tool.stop()
      assert.deepEqual(await bodiesIn(first, topic), bodies(30).toSorted())
    }
  })

  void test('requeues while no destination is there, and goes on when one is', async (t) => {
    using folder = new TempFolder('to-nsq-late')
    const late = await TestNsqd.start(folder.at('.'))
    const { address } = late
    await late.stop()
    const topic = await newTopic(...bodies(10))
    const tool = start(t, topic, [`--destination-nsqd-tcp-address=${address}`])
    await until('it was tried', () => tool.stderr.includes('handler failed'))
    const stats = (await source.channel(topic, CHANNEL))!
    assert.equal(stats.depth + stats.in_flight_count + stats.deferred_count, 10)
    const again = await TestNsqd.start(folder.at('.'), [`--tcp-address=${address}`])
    t.after(() => again.stop())
    await source.drained(topic, CHANNEL)
    await tool.stop()
    assert.deepEqual(new Set(await bodiesIn(again, topic)), new Set(bodies(10)))
  })

  void test('passes on what the filter lets through, and what of it', async (t) => {
    const topic = await newTopic(
      '{"kind":"order","id":7,"z":{"b":1,"a":"<"}}',
      '{"kind":"bill","id":8}',
      '{"id":9}',
      'no JSON',
    )
    const tool = start(t, topic, [
      ...to(first),
      '--require-json-field=kind',
      '--whitelist-json-field=z',
      '--whitelist-json-field=id',
    ])
    await source.drained(topic, CHANNEL)
    await tool.stop()
    assert.deepEqual(await bodiesIn(first, topic), [
      '{"id":7,"z":{"a":"\\u003c","b":1}}',
      '{"id":8}',
    ])
    assert.match(tool.stderr, /ERROR: Unable to decode json: no JSON/)
  })

  void test('a field that is missing where a value is required fails the message', async (t) => {
    const topic = await newTopic('{"b":1}')
    const tool = start(t, topic, [...to(first), '--require-json-field=a', '--require-json-value=1'])
    const text = 'ERROR: missing field to check required value'
    await until('it failed twice', () => tool.stderr.split(text).length > 2)
    await tool.stop()
    const stats = (await source.channel(topic, CHANNEL))!
    assert.equal(stats.depth + stats.deferred_count, 1)
  })

  void test('ends with 1 when its source refuses, with 2 for an unknown option', async () => {
    const from = ['--topic=t', '--nsqd-tcp-address=127.0.0.1:1']
    const refused = await runTool('nsq_to_nsq', [...from, ...to(first)])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /dial tcp 127\.0\.0\.1:1: connect: connection refused\n$/)
    const unknown = await runTool('nsq_to_nsq', ['--producer-opt=nope,1'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /invalid option nope/)
  })
})
