import assert from 'node:assert/strict'
import { after, before, suite, test, type TestContext } from 'node:test'

import { TempFolder, until } from '@tsq/testing'

import { TestNsqd } from './nsqd-topics.ts'
import { runTool, ToolProcess } from './tool-process.ts'

const CHANNEL = 'c'

void suite('nsq_tail', () => {
  const folder = new TempFolder('nsq-tail')
  let nsqd: TestNsqd

  before(async () => {
    nsqd = await TestNsqd.start(folder.at('.'))
  })

  after(async () => {
    await nsqd.stop()
    folder[Symbol.dispose]()
  })

  const newTopic = (...bodies: readonly string[]): Promise<string> => nsqd.newTopic(CHANNEL, bodies)

  function start(t: TestContext, flags: readonly string[], name = 'nsq_tail'): ToolProcess {
    const tool = new ToolProcess(name, [`--nsqd-tcp-address=${nsqd.address}`, ...flags])
    t.after(() => tool.end('SIGKILL'))
    return tool
  }

  void test('prints bodies and ends with 0 when it is interrupted', async (t) => {
    const topic = await newTopic('one', 'two ü')
    const tool = start(t, [`--topic=${topic}`, `--channel=${CHANNEL}`])
    await nsqd.drained(topic, CHANNEL)
    const { code } = await tool.end('SIGINT')
    assert.equal(code, 0, tool.stderr)
    assert.equal(tool.stdout, 'one\ntwo ü\n')
    assert.match(tool.stderr, new RegExp(`^Adding consumer for topic: ${topic}\n`))
  })

  void test('-n ends it, with everything printed finished and nothing else taken', async (t) => {
    const bodies = Array.from({ length: 20 }, (_, n) => `m${n}`)
    const topic = await newTopic(...bodies)
    const tool = start(t, [`--topic=${topic}`, `--channel=${CHANNEL}`, '-n', '5'])
    assert.deepEqual(await tool.ended(), { code: 0, signal: null })
    assert.equal(tool.stdout.trim().split('\n').length, 5)
    const stats = (await nsqd.channel(topic, CHANNEL))!
    assert.equal(stats.depth, 15)
    assert.equal(stats.in_flight_count + stats.deferred_count, 0)
    assert.equal(stats.requeue_count, 0)
  })

  void test('several topics, named on each line', async (t) => {
    const [one, two] = [await newTopic('a'), await newTopic('b')]
    const flags = [`--topic=${one}`, `--topic=${two}`, `--channel=${CHANNEL}`, '--print-topic']
    const tool = start(t, flags)
    for (const topic of [one, two]) await nsqd.drained(topic, CHANNEL)
    await tool.end('SIGTERM')
    assert.deepEqual(tool.stdout.split('\n').toSorted(), ['', `${one} | a`, `${two} | b`])
  })

  void test('on a channel of its own, which goes with it', async (t) => {
    const topic = nsqd.freshName()
    const tool = start(t, [`--topic=${topic}`])
    const channels = async (): Promise<string[]> =>
      ((await nsqd.topic(topic))?.channels ?? []).map(({ channel_name }) => channel_name)
    await until('it has its channel', async () => (await channels()).length === 1)
    assert.match((await channels())[0] ?? '', /^tail\d{6}#ephemeral$/)
    await nsqd.publish(topic, 'x')
    await until('it is printed', () => tool.stdout === 'x\n')
    await tool.end('SIGTERM')
    await until('the channel is gone', async () => (await channels()).length === 0)
  })

  void test('what was tried often is printed all the same', async (t) => {
    const topic = await newTopic('stubborn')
    const failing = new ToolProcess('nsq_to_http', [
      `--topic=${topic}`,
      `--channel=${CHANNEL}`,
      `--nsqd-tcp-address=${nsqd.address}`,
      '--post=http://127.0.0.1:1/',
      '--consumer-opt=default_requeue_delay,0s',
      '--consumer-opt=max_backoff_duration,0s',
    ])
    const requeues = async (): Promise<number> =>
      (await nsqd.channel(topic, CHANNEL))?.requeue_count ?? 0
    await until('it was tried more than five times', async () => (await requeues()) > 5)
    await failing.end('SIGTERM')
    const tool = start(t, [`--topic=${topic}`, `--channel=${CHANNEL}`, '-n', '1'])
    assert.deepEqual(await tool.ended(), { code: 0, signal: null })
    assert.equal(tool.stdout, 'stubborn\n')
  })

  void test('tsq tail names topics without a flag', async (t) => {
    const topic = await newTopic('{"a":[1]}')
    const tool = new ToolProcess('tsq', [
      'tail',
      `--nsqd-tcp-address=${nsqd.address}`,
      `--channel=${CHANNEL}`,
      '--n=1',
      '--pretty-json',
      topic,
    ])
    t.after(() => tool.end('SIGKILL'))
    assert.deepEqual(await tool.ended(), { code: 0, signal: null })
    assert.equal(tool.stdout, '{\n  "a": [\n    1\n  ]\n}\n')
    const late = await runTool('tsq', ['tail', topic, '--n=1'])
    assert.equal(late.code, 1)
    assert.match(late.stderr, /flags come first: tsq tail \[flags\] <topic>/)
  })

  void test('--since says that no nsqd offers it', async () => {
    using other = new TempFolder('nsq-tail-since')
    // The HTTP port beside the TCP port is where a nsqd is looked for; this one listens elsewhere.
    const elsewhere = await TestNsqd.start(other.at('.'))
    const flags = ['--topic=t', `--nsqd-tcp-address=${elsewhere.address}`, '--since=1h']
    const { code, stderr } = await runTool('nsq_tail', flags)
    await elsewhere.stop()
    assert.equal(code, 1)
    assert.match(stderr, /--since: .*; give --lookupd-http-address instead of /)
  })

  void test('ends with 1 when a nsqd refuses', async () => {
    const flags = ['--topic=t', '--nsqd-tcp-address=127.0.0.1:1']
    const { code, stderr } = await runTool('nsq_tail', flags)
    assert.equal(code, 1)
    assert.match(stderr, /dial tcp 127\.0\.0\.1:1: connect: connection refused\n$/)
    const here = await runTool('tsq', ['tail', '--nsqd-tcp-address=127.0.0.1:1', 't'])
    assert.equal(here.code, 1)
    assert.match(
      here.stderr,
      /connection refused; is a nsqd running there\? "tsq up" starts one\n$/,
    )
  })
})
