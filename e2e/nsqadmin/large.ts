// A big cluster in a browser: 81 nodes with 592 clients each and 2,000 topics, as in nsqio/nsq #1325.
//   node e2e/dist/nsqadmin/large.js [--nodes=81 --clients=592 --topics=2000]
// Prints what it measured, and ends with 1 when that is past what an operator puts up with.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

import { launchBrowser } from './browser.ts'
import { Daemon } from './daemon.ts'
import { measure } from './responsiveness.ts'

const FAKE_CLUSTER = path.resolve(
  import.meta.dirname,
  '../../../packages/nsqadmin/dist/test/support/fake-cluster-main.js',
)
const MAX_FIRST_PAINT_MS = 1_000
const MAX_FIRST_PAGE_MS = 2_000
const MAX_TASK_MS = 200
const MAX_WEIGHT_BYTES = 200_000
/** Nodes are sampled once before anybody looks, as on an nsqadmin that has been up for a while. */
const FIRST_SAMPLE_LIMIT_MS = 60_000

async function firstSample(base: string): Promise<void> {
  const deadline = Date.now() + FIRST_SAMPLE_LIMIT_MS
  for (;;) {
    const response = await fetch(`${base}/api/overview`)
    const { node_count: nodes } = (await response.json()) as { node_count: number }
    if (nodes > 0) return
    if (Date.now() > deadline) throw new Error('nsqadmin has no sample of the cluster')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function run(cluster: ChildProcess): Promise<boolean> {
  const lookupd = String((await once(cluster, 'message'))[0])
  const flags = ['--http-address=127.0.0.1:0', `--lookupd-http-address=${lookupd}`]
  await using admin = await Daemon.start('nsqadmin', flags)
  await firstSample(`http://${admin.http}`)
  const browser = await launchBrowser()
  try {
    const figures = await measure(browser, `http://${admin.http}`)
    const { firstPaintMs, firstPageMs, longestTaskMs, requests, weightBytes, dataBytes } = figures
    const lines = [
      { what: 'first paint', value: firstPaintMs, limit: MAX_FIRST_PAINT_MS, unit: 'ms' },
      {
        what: 'first page with its numbers',
        value: firstPageMs,
        limit: MAX_FIRST_PAGE_MS,
        unit: 'ms',
      },
      { what: 'longest task', value: longestTaskMs, limit: MAX_TASK_MS, unit: 'ms' },
      { what: 'weight of the page', value: weightBytes, limit: MAX_WEIGHT_BYTES, unit: 'bytes' },
    ]
    for (const { what, value, limit, unit } of lines) {
      const verdict = value < limit ? 'ok' : 'TOO MUCH'
      console.log(`${what}: ${Math.round(value)} ${unit} (limit ${limit}) ${verdict}`)
    }
    console.log(`data of the first page: ${dataBytes} bytes; requests: ${requests}`)
    return lines.every(({ value, limit }) => value < limit)
  } finally {
    await browser.close()
  }
}

const cluster = fork(FAKE_CLUSTER, process.argv.slice(2), {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
})
try {
  process.exitCode = (await run(cluster)) ? 0 : 1
} finally {
  cluster.kill()
}
