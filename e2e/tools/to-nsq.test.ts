import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'

import { TempFolder, until } from '@tsq/testing'

import { TestNsqd } from './nsqd-topics.ts'
import { runTool, ToolProcess } from './tool-process.ts'

const CHANNEL = 'c'

void suite('to_nsq', () => {
  const folder = new TempFolder('to-nsq')
  const other = new TempFolder('to-nsq-second')
  let nsqd: TestNsqd
  let second: TestNsqd

  before(async () => {
    nsqd = await TestNsqd.start(folder.at('.'))
    second = await TestNsqd.start(other.at('.'))
  })

  after(async () => {
    await Promise.all([nsqd.stop(), second.stop()])
    other[Symbol.dispose]()
    folder[Symbol.dispose]()
  })

  /** Publishes with to_nsq and reads back what is on the channel. */
  async function through(
    topic: string,
    input: string | Uint8Array,
    flags: readonly string[] = [],
    from = nsqd,
  ): Promise<Buffer> {
    for (const each of [nsqd, second]) await each.makeChannel(topic, CHANNEL)
    const args = [`--topic=${topic}`, `--nsqd-tcp-address=${nsqd.address}`, ...flags]
    const { code, stderr } = await runTool('to_nsq', args, input)
    assert.equal(code, 0, stderr)
    const { message_count: count } = (await from.topic(topic))!
    return readBack(from, topic, count)
  }

  test('empty records are left out, the last one needs no delimiter, \\r stays', async () => {
    const output = await through('lines', 'one\n\n\ntwo\r\nx')
    assert.equal(output.toString(), 'one\ntwo\r\nx\n')
  })

  test('any byte can be the delimiter', async () => {
    const output = await through('tabs', 'a b\tc\nd\te', ['--delimiter=\t'])
    assert.equal(output.toString(), 'a b\nc\nd\ne\n')
  })

  test('many records, small and large, arrive whole', async () => {
    const records = Array.from({ length: 20_000 }, (_, n) => `${n} ${'x'.repeat(n % 300)}`)
    for (const at of [10, 5_000, 19_999]) records[at] = `${at} ${'y'.repeat(200_000)}`
    const output = (await through('many', records.join('\n'))).toString().split('\n')
    assert.equal(output.pop(), '')
    // NSQ promises no order; ours keeps it. A difference would be megabytes to print.
    if (process.env['TSQ_E2E_NSQD'] !== undefined) for (const all of [output, records]) all.sort()
    assert.ok(output.join('\n') === records.join('\n'))
  })

  test('the shortest of records, however many', async () => {
    const count = 300_000
    const args = ['--topic=short', `--nsqd-tcp-address=${nsqd.address}`]
    const { code, stderr } = await runTool('to_nsq', args, 'x\n'.repeat(count))
    assert.equal(code, 0, stderr)
    assert.equal((await nsqd.topic('short'))?.message_count, count)
  })

  test('every nsqd gets every record, once though it is named twice', async () => {
    const flags = [second, second].map(({ address }) => `--nsqd-tcp-address=${address}`)
    assert.equal((await through('both', 'a\nb\n', flags)).toString(), 'a\nb\n')
    assert.equal((await readBack(second, 'both', 2)).toString(), 'a\nb\n')
  })

  test('--rate holds it back', async () => {
    const start = performance.now()
    await through('slow', '1\n2\n3\n4\n5\n6\n7\n8\n9\n', ['--rate=10'])
    assert.ok(performance.now() - start > 780, 'the ninth record goes after 0.8 s')
  })

  test('INT publishes what was read and exits 0', async () => {
    await nsqd.makeChannel('interrupted', CHANNEL)
    const args = ['--topic=interrupted', `--nsqd-tcp-address=${nsqd.address}`]
    await using tool = new ToolProcess('to_nsq', args)
    await tool.write('a\nb\n')
    const hasCome = async (): Promise<boolean> =>
      (await nsqd.topic('interrupted'))?.message_count === 2
    await until('both are published', hasCome)
    await tool.write('half a record')
    assert.deepEqual(await tool.end('SIGINT'), { code: 0, signal: null })
    assert.equal(tool.stdout, '')
  })

  test('what nsqd refuses ends it with the text as received', async () => {
    const big = 'z'.repeat(1_200_000)
    const args = ['--topic=big', `--nsqd-tcp-address=${nsqd.address}`]
    const { code, stderr } = await runTool('to_nsq', args, `fits\n${big}\n`)
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (?:E_BAD_MESSAGE PUB message too big|not)/m,
    )
    // NSQ's own nsqd resets a connection with unread input, and the error may be lost with it.
    if (process.env['TSQ_E2E_NSQD'] === undefined) assert.match(stderr, / E_BAD_MESSAGE /)
    assert.equal((await nsqd.topic('big'))?.message_count, 1)
  })

  const nowhere = '--nsqd-tcp-address=127.0.0.1:1'
  const refused: [what: string, args: string[], text: RegExp, code: number][] = [
    ['no topic', [nowhere], /--topic required$/m, 1],
    ['a long delimiter', ['--topic=t', '--delimiter=ab', nowhere], /must be a single byte$/m, 1],
    ['no nsqd', ['--topic=t'], /--nsqd-tcp-address required$/m, 1],
    ['a bad topic', ['--topic=a b', nowhere], /--topic is invalid$/m, 1],
    [
      'nobody there',
      ['--topic=t', nowhere],
      /^.* dial tcp 127.0.0.1:1: connect: connection refused$/m,
      1,
    ],
    ['--version, which it has not', ['--version'], /^flag provided but not defined: -version\n/, 2],
  ]
  for (const [what, args, text, code] of refused) {
    test(`${what} ends it with ${code}`, async () => {
      const result = await runTool('to_nsq', args, 'record\n')
      assert.match(result.stderr, text)
      assert.equal(result.code, code)
      assert.equal(result.stdout, '')
    })
  }

  test('without input nobody is connected to', async () => {
    const { code, stderr } = await runTool('to_nsq', ['--topic=t', nowhere], '')
    assert.deepEqual([code, stderr], [0, ''])
  })
})

/** Archives so many messages, and gives back what is in the file. */
async function readBack(from: TestNsqd, topic: string, count: number): Promise<Buffer> {
  using output = new TempFolder('to-nsq-output')
  const args = [`--topic=${topic}`, `--channel=${CHANNEL}`, `--output-dir=${output.path}`]
  const source = `--nsqd-tcp-address=${from.address}`
  const flags = ['--filename-format=out', '--sync-interval=50ms']
  await using archiver = new ToolProcess('nsq_to_file', [...args, source, ...flags])
  if (count > 0) await from.drained(topic, CHANNEL)
  const { code } = await archiver.end()
  assert.equal(code, 0, archiver.stderr)
  return count === 0 ? Buffer.alloc(0) : await readFile(output.at('out'))
}
