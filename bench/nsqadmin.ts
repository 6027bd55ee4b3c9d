// What a big cluster costs nsqadmin: node bench/dist/nsqadmin.js [--nodes=81 --clients=592 --topics=2000
// --nodes-per-topic=4 --channels=2 --samples=10]. The cluster runs in a process of its own, so that the CPU measured is
// nsqadmin's alone.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

import { Nsqadmin } from '@tsq/nsqadmin'

const FAKE_CLUSTER = path.resolve(
  import.meta.dirname,
  '../../packages/nsqadmin/dist/test/support/fake-cluster-main.js',
)
const MS_PER_MICRO = 1e-3
const MIB = 1024 * 1024

interface Cost {
  readonly cpuMs: number
  readonly wallMs: number
  readonly bytes: number
}

const words = process.argv.slice(2)
const samples = Number(/--samples=(\d+)/.exec(words.join(' '))?.[1] ?? 10)
const cluster = fork(FAKE_CLUSTER, words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
const lookupd = String((await once(cluster, 'message'))[0])
const admin = await Nsqadmin.start({
  httpAddress: '127.0.0.1:0',
  lookupdHttpAddresses: [lookupd],
  sampleIntervalMs: 1_000,
})
const base = `http://${admin.httpAddress}`

async function costOf(run: () => Promise<number>): Promise<Cost> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const bytes = await run()
  const { user, system } = process.cpuUsage(cpu)
  return { cpuMs: (user + system) * MS_PER_MICRO, wallMs: performance.now() - start, bytes }
}

async function get(target: string): Promise<number> {
  const response = await fetch(base + target)
  if (!response.ok) throw new Error(`${target} answered ${response.status}`)
  return (await response.arrayBuffer()).byteLength
}

function say(what: string, { cpuMs, wallMs, bytes }: Cost): void {
  const size = bytes === 0 ? '' : `${(bytes / 1024).toFixed(0)} kB`
  console.log(
    `${what.padEnd(34)} ${cpuMs.toFixed(0).padStart(6)} ms CPU ${wallMs.toFixed(0).padStart(6)} ms ${size}`,
  )
}

async function nextSample(): Promise<number> {
  await once(admin.sampler, 'sample')
  return 0
}

try {
  say('first overview, start to answer', await costOf(() => get('/api/overview')))
  const { figures, topics } = admin.sampler.state
  console.log(
    `${admin.sampler.nodes.length} nodes, ${topics.size} topics, ${figures.channels} channels, ${figures.clients} clients`,
  )
  await nextSample()
  const costs: Cost[] = []
  for (let i = 0; i < samples; i++) {
    // oxlint-disable-next-line no-await-in-loop -- one sample after the other is what is measured
    costs.push(await costOf(nextSample))
  }
  const sorted = costs.map(({ cpuMs }) => cpuMs).toSorted((a, b) => a - b)
  const [least = 0] = sorted
  const median = sorted[sorted.length >> 1] ?? 0
  console.log(
    `a sample of all nodes: ${median.toFixed(0)} ms CPU (${least.toFixed(0)}–${(sorted.at(-1) ?? 0).toFixed(0)})`,
  )
  const [topic = ''] = topics.keys()
  for (const target of [
    '/api/overview',
    '/api/summary/topics',
    '/api/history',
    '/api/topics',
    '/api/nodes',
    `/api/topics/${topic}`,
    `/api/topics/${topic}/channel-0`,
    '/api/counter',
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- each is measured alone
    say(target, await costOf(() => get(target)))
  }
  const { rss, heapUsed } = process.memoryUsage()
  console.log(
    `memory: ${(rss / MIB).toFixed(0)} MiB resident, ${(heapUsed / MIB).toFixed(0)} MiB heap, ` +
      `${(admin.history.bytes / MIB).toFixed(1)} MiB history of ${admin.history.seriesCount} series`,
  )
} finally {
  await admin.close()
  cluster.disconnect()
}
