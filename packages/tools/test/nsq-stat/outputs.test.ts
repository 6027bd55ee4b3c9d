import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ChannelStats } from '@tsq/clusterinfo'

import { figuresOf, figuresOfNodes, type Figures } from '../../src/nsq-stat/figures.ts'
import { JsonOutput, LiveOutput, PlainOutput } from '../../src/nsq-stat/outputs.ts'

const NONE: ChannelStats = {
  node: '*',
  hostname: '',
  topic_name: 't',
  channel_name: 'c',
  depth: 0,
  memory_depth: 0,
  backend_depth: 0,
  in_flight_count: 0,
  deferred_count: 0,
  requeue_count: 0,
  timeout_count: 0,
  message_count: 0,
  client_count: 0,
  nodes: null,
  clients: null,
  paused: false,
  e2e_processing_latency: { count: 0, percentiles: [], topic: 't', channel: 'c', host: '' },
}

const now = (): Date => new Date(2026, 0, 31, 7, 8, 9)

function figures(stats: Partial<ChannelStats>, before: Partial<ChannelStats> = {}): Figures {
  return figuresOf({ ...NONE, ...before }, { ...NONE, ...stats }, 2_000)
}

void suite('figures', () => {
  void test('are changes a second, cut to whole ones', () => {
    const { ingress, egress } = figures(
      { message_count: 119, depth: 3 },
      { message_count: 100, depth: 5 },
    )
    assert.equal(ingress, 9)
    assert.equal(egress, 10)
    const { ingress: lost } = figures({ message_count: 0 }, { message_count: 3 })
    assert.equal(lost, -1)
  })

  void test('of a node that is new are zero', () => {
    const node = (name: string, count: number): ChannelStats => ({
      ...NONE,
      node: name,
      message_count: count,
    })
    const before = { ...NONE, nodes: [node('a', 10)] }
    const after = { ...NONE, nodes: [node('a', 14), node('b', 100)] }
    const rates = figuresOfNodes(before, after, 1_000).map(({ ingress }) => ingress)
    assert.deepEqual(rates, [4, 0])
  })
})

void suite('the output', () => {
  void test('as NSQ prints it, to the byte', () => {
    let text = ''
    const output = new PlainOutput((more) => (text += more))
    output.header(0)
    output.row(
      figuresOf(
        NONE,
        { ...NONE, message_count: 11, in_flight_count: 3, client_count: 1, depth: 0 },
        1_300,
      ),
    )
    output.header(1)
    assert.equal(
      text,
      [
        '------rate------+----------------depth----------------+--------------metadata---------------',
        'ingress  egress |   total     mem    disk inflt   def |     req     t-o         msgs clients',
        '      8       8 |       0       0       0     3     0 |       0       0           11       1',
        '',
      ].join('\n'),
    )
  })

  void test('has its header again after 25 rounds', () => {
    let headers = 0
    const output = new PlainOutput(() => headers++)
    for (let round = 0; round <= 50; round++) output.header(round)
    assert.equal(headers, 3)
  })

  void test('as JSON has a line a round, with every node', () => {
    let text = ''
    const output = new JsonOutput((more) => (text += more), now)
    output.header()
    output.row(figures({ message_count: 4 }), [figures({ node: 'host:4151', message_count: 4 })])
    assert.ok(text.endsWith('\n'))
    const line = JSON.parse(text) as Record<string, unknown>
    assert.equal(line['time'], now().toISOString())
    assert.equal(line['ingress'], 2)
    assert.equal(line['message_count'], 4)
    assert.deepEqual(
      (line['nodes'] as { node: string }[]).map(({ node }) => node),
      ['host:4151'],
    )
  })
})

void suite('the live table', () => {
  class Screen {
    readonly rows: number
    readonly isColoured: boolean
    text = ''

    constructor(rows: number, isColoured = false) {
      this.rows = rows
      this.isColoured = isColoured
    }

    write(text: string): void {
      this.text = text.replaceAll('\u001B', '^')
    }
  }

  const nodes = ['a:4151', 'bbb:4151'].map((node) => figures({ node, message_count: 4 }))

  void test('has a line for each node and one for all', () => {
    const screen = new Screen(24)
    const output = new LiveOutput(screen, 't/c  every 2s', now)
    output.header(0)
    output.row(figures({ message_count: 8, paused: true }), nodes)
    const lines = screen.text.split('\n')
    assert.match(lines[0] ?? '', /^\^\[2A\r\^\[J\^\[\?7lt\/c {2}every 2s {2}07:08:09 {2}paused$/)
    assert.equal(lines[1]?.indexOf('------rate'), 'bbb:4151  '.length)
    assert.deepEqual(
      lines.slice(3, 6).map((line) => line.slice(0, 26)),
      ['a:4151          2       2 ', 'bbb:4151        2       2 ', 'total           4       4 '],
    )
    output.row(figures({}), [])
    assert.match(screen.text, /^\^\[6A\r\^\[J/, 'it draws over what it drew')
  })

  void test('is never higher than the screen', () => {
    const screen = new Screen(9)
    const many = Array.from({ length: 30 }, (_, n) => figures({ node: `node${n}` }))
    new LiveOutput(screen, 't/c', now).row(figures({}), many)
    const lines = screen.text.trimEnd().split('\n')
    assert.ok(lines.length < 9, `${lines.length} lines`)
    assert.ok(lines.includes('and 27 more'))
  })

  void test('has colours for what deserves a look', () => {
    const screen = new Screen(24, true)
    const output = new LiveOutput(screen, 't/c', now)
    output.row(figures({ message_count: 8, depth: 8, timeout_count: 1 }), [])
    assert.ok(screen.text.includes('^[31m      8^[0m'), 'the depth grows')
    assert.ok(screen.text.includes('^[31m      1^[0m'), 'a timeout')
    assert.ok(screen.text.includes('^[31m      0^[0m'), 'nobody to consume it')
    output.row(figures({ message_count: 8 }), [])
    assert.equal(screen.text.includes('[31m'), false)
  })
})
