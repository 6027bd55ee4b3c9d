import assert from 'node:assert/strict'
import { after, before, suite, test, type TestContext } from 'node:test'

import { TempFolder, until } from '@tsq/testing'

import { TestNsqd } from './nsqd-topics.ts'
import { runTool, ToolProcess } from './tool-process.ts'

const TOPIC = 't'
const CHANNEL = 'c'
const HEADER = [
  '------rate------+----------------depth----------------+--------------metadata---------------',
  'ingress  egress |   total     mem    disk inflt   def |     req     t-o         msgs clients',
]

void suite('nsq_stat', () => {
  const folder = new TempFolder('nsq-stat')
  let nsqd: TestNsqd
  let flags: readonly string[]

  before(async () => {
    nsqd = await TestNsqd.start(folder.at('.'))
    await nsqd.makeChannel(TOPIC, CHANNEL)
    await nsqd.publish(TOPIC, 'a', 'b', 'c')
    const http = `--nsqd-http-address=${nsqd.httpAddress}`
    flags = [http, `--topic=${TOPIC}`, `--channel=${CHANNEL}`, '--interval=100ms']
  })

  after(async () => {
    await nsqd.stop()
    folder[Symbol.dispose]()
  })

  function start(t: TestContext, more: readonly string[]): ToolProcess {
    const tool = new ToolProcess('nsq_stat', [...flags, ...more])
    t.after(() => tool.end('SIGKILL'))
    return tool
  }

  void test('prints so many rows, to the byte as NSQ does', async (t) => {
    const tool = start(t, ['--count=2'])
    assert.deepEqual(await tool.ended(), { code: 0, signal: null })
    const row =
      '      0       0 |       3       3       0     0     0 |       0       0            3       0'
    assert.equal(tool.stdout, `${[...HEADER, row, row].join('\n')}\n`)
    assert.equal(tool.stderr, '')
  })

  void test('prints lines of JSON', async (t) => {
    const tool = start(t, ['--count=1', '--json'])
    assert.deepEqual(await tool.ended(), { code: 0, signal: null })
    const { topic, channel, depth, nodes } = JSON.parse(tool.stdout) as {
      readonly topic: string
      readonly channel: string
      readonly depth: number
      readonly nodes: readonly { readonly node: string; readonly depth: number }[]
    }
    assert.deepEqual([topic, channel, depth], [TOPIC, CHANNEL, 3])
    assert.deepEqual(
      nodes.map((node) => [node.node, node.depth]),
      [[nsqd.httpAddress, 3]],
    )
  })

  void test('finds the nsqd by nsqlookupd, and adds them up', async (t) => {
    const lookupd = new ToolProcess('nsqlookupd', [
      '--tcp-address=127.0.0.1:0',
      '--http-address=127.0.0.1:0',
    ])
    t.after(() => lookupd.end())
    const port = (kind: string): string | undefined =>
      new RegExp(`${kind}: listening on \\S*:(\\d+)`).exec(lookupd.stderr)?.[1]
    await until('nsqlookupd listens', () => port('TCP') !== undefined && port('HTTP') !== undefined)
    using firstFolder = new TempFolder('nsq-stat-first')
    using secondFolder = new TempFolder('nsq-stat-second')
    const nsqds = await Promise.all(
      [firstFolder, secondFolder].map(({ path }) =>
        TestNsqd.start(path, [`--lookupd-tcp-address=127.0.0.1:${port('TCP')}`]),
      ),
    )
    try {
      for (const each of nsqds) {
        await each.makeChannel('both', CHANNEL)
        await each.publish('both', 'a', 'b')
      }
      const http = `127.0.0.1:${port('HTTP')}`
      await until('both are registered', async () => {
        const response = await fetch(`http://${http}/lookup?topic=both`)
        return ((await response.text()).match(/"tcp_port"/g) ?? []).length === 2
      })
      const what = ['--topic=both', `--channel=${CHANNEL}`, '--interval=100ms', '--count=1']
      const { code, stdout } = await runTool('nsq_stat', [
        `--lookupd-http-address=${http}`,
        ...what,
        '--json',
      ])
      assert.equal(code, 0)
      const { depth, nodes } = JSON.parse(stdout) as {
        readonly depth: number
        readonly nodes: readonly { readonly node: string; readonly depth: number }[]
      }
      assert.equal(depth, 4)
      assert.deepEqual(
        nodes.map(({ node }) => node),
        nsqds.map(({ httpAddress }) => httpAddress).toSorted(),
      )
    } finally {
      await Promise.all(nsqds.map((each) => each.stop()))
    }
  })

  void test('ends with 0 at once when it is told to', async (t) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const tool = start(t, ['--interval=1h'])
      await until('it began', () => tool.stdout.includes('ingress'))
      assert.deepEqual(await tool.end(signal), { code: 0, signal: null })
    }
  })

  void test('ends with 1 when there is nothing to look at', async () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [
        'ERROR: failed to find channel(none) in stats metadata for topic(t)',
        [...flags, '--channel=none'],
      ],
      ['ERROR: failed to get nsqd stats - failed to query any nsqd: ', [...flags, '--topic=none']],
      ['ERROR: failed to get topic producers - ', [...flags, '--nsqd-http-address=127.0.0.1:1']],
    ]
    await Promise.all(
      cases.map(async ([text, given]) => {
        const { code, stderr } = await runTool('nsq_stat', given)
        assert.equal(code, 1)
        assert.ok(stderr.includes(text), `${stderr} has ${text}`)
      }),
    )
  })
})
