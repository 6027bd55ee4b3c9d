import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { TempFolder, until } from '@tsq/testing'

import { DaemonProcess } from '../daemon-process.ts'
import { TestNsqd } from './nsqd-topics.ts'
import { ToolProcess } from './tool-process.ts'

const NSQLOOKUPD = path.resolve(import.meta.dirname, '../../../packages/tsq/bin/nsqlookupd.js')

test('nsq_to_file finds topics at the start and later, though one nsqlookupd is away', async () => {
  using folder = new TempFolder('discovery')
  for (const name of ['nsqd', 'output']) mkdirSync(folder.at(name))
  const ports = ['--tcp-address=127.0.0.1:0', '--http-address=127.0.0.1:0']
  const lookupd = new DaemonProcess([process.execPath, NSQLOOKUPD, ...ports])
  await lookupd.listening()
  const announced = `--lookupd-tcp-address=127.0.0.1:${lookupd.tcpPort}`
  const nsqd = await TestNsqd.start(folder.at('nsqd'), [announced])
  try {
    await nsqd.publish('orders-1', 'first')
    await nsqd.publish('other', 'left alone')
    await using tool = new ToolProcess('nsq_to_file', [
      `--lookupd-http-address=127.0.0.1:${lookupd.httpPort}`,
      '--lookupd-http-address=127.0.0.1:1',
      '--topic-pattern=^orders-[0-9]$',
      '--topic-refresh=200ms',
      '--consumer-opt=lookupd_poll_interval,200ms',
      '--sync-interval=50ms',
      `--output-dir=${folder.at('output')}`,
      '--filename-format=<TOPIC>',
    ])
    const has = (topic: string) => (): boolean => readdirSync(folder.at('output')).includes(topic)
    await until('the first topic is archived', has('orders-1'), { timeoutMs: 20_000 })
    await nsqd.publish('orders-2', 'second')
    await until('the second one is too', has('orders-2'), { timeoutMs: 20_000 })
    for (const topic of ['orders-1', 'orders-2']) await nsqd.drained(topic, 'nsq_to_file')
    assert.deepEqual(await tool.end(), { code: 0, signal: null })
    assert.deepEqual(readdirSync(folder.at('output')).toSorted(), ['orders-1', 'orders-2'])
    assert.match(tool.stderr, /WARNING: skipping topic other \(doesn't match pattern /)
    assert.match(tool.stderr, /ERROR: could not retrieve topic list: .*127\.0\.0\.1:1/)
  } finally {
    await nsqd.stop()
    await lookupd.end('SIGTERM')
  }
})
