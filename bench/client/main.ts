// Our client, nsqjs and go-nsq against the same nsqd, in one run: npm run bench:client -- --help

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { Producer } from '@tsq/client'

import { Nsqd } from '../nsqd.ts'
import { reportOf, type Reading } from './report.ts'
import { workloads, type Workload } from './workloads.ts'

const run = promisify(execFile)
const repository = path.resolve(import.meta.dirname, '../../..')
const sources = path.join(repository, 'bench/client')
const nsqjsFolder = path.join(repository, 'interop/node_modules/nsqjs')
const RUN_LIMIT_MS = 10 * 60_000
const FILL_BATCH = 1_000

const USAGE = `Measures our client beside nsqjs and go-nsq, against one nsqd, and prints a table in Markdown.

  --nsqd <binary>       nsqd to run against (default: ours)
  --clients <a,b>       of ours, nsqjs, go-nsq (default: all that are there)
  --only <words>        workloads whose name has these words
  --messages <n>        of each workload (default 400000; fewer awaited publishes, more in batches)
  --body-bytes <n>      (default 200)
  --repeats <n>         the clients take turns (default 5)

nsqjs is what "npm run interop" installs; go-nsq needs Go.
`

interface Client {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const { values } = parseArgs({
  options: {
    nsqd: { type: 'string' },
    clients: { type: 'string' },
    only: { type: 'string', default: '' },
    messages: { type: 'string', default: '400000' },
    'body-bytes': { type: 'string', default: '200' },
    repeats: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(USAGE)
else await main()

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tsq-bench-client-'))
  try {
    const clients = await clientsThere(folder)
    const readings: Reading[] = []
    const chosen = workloads.filter(({ name }) => name.includes(values.only))
    const ours = path.join(repository, 'packages/tsq/bin/nsqd.js')
    const target =
      values.nsqd === undefined
        ? { name: 'our nsqd', command: process.execPath, args: [ours] }
        : { name: values.nsqd, command: values.nsqd, args: ['--mem-queue-size=1000000'] }
    await using nsqd = await Nsqd.start({ ...target, isPeer: false }, folder)
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      for (const workload of chosen) {
        for (const client of clients) {
          const reading = await measure(client, workload, `127.0.0.1:${nsqd.tcpPort}`, repeat)
          process.stderr.write(`${workload.name}, ${client.name}: ${JSON.stringify(reading)}\n`)
          readings.push(reading)
        }
      }
    }
    const [cpu] = cpus()
    const conditions = `${cpu?.model.trim()}, ${cpus().length} cores; Node ${process.version}; ${target.name}; ${values.repeats} repeats; bodies of ${values['body-bytes']} bytes`
    process.stdout.write(reportOf(conditions, readings))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Ours always; the others where they can be had. What is missing is said. */
async function clientsThere(folder: string): Promise<Client[]> {
  const all: Client[] = [
    { name: 'ours', command: [process.execPath, path.join(import.meta.dirname, 'ours.js')] },
  ]
  if (existsSync(nsqjsFolder)) {
    const command = [process.execPath, path.join(sources, 'nsqjs.cjs')]
    all.push({ name: 'nsqjs', command, env: { NSQJS: nsqjsFolder } })
  } else process.stderr.write('nsqjs is not there: node interop/dist/build.js installs it\n')
  const binary = path.join(folder, 'go-nsq')
  try {
    const env = { ...process.env, GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' }
    await run('go', ['build', '-o', binary, '.'], { cwd: path.join(sources, 'go-nsq'), env })
    all.push({ name: 'go-nsq', command: [binary] })
  } catch (error) {
    process.stderr.write(`go-nsq cannot be built: ${(error as Error).message}\n`)
  }
  const wanted = values.clients?.split(',')
  return wanted === undefined ? all : all.filter(({ name }) => wanted.includes(name))
}

async function measure(
  client: Client,
  workload: Workload,
  address: string,
  repeat: number,
): Promise<Reading> {
  const { kind, outstanding, batchOf, share } = workload
  const messages = Math.round(Number(values.messages) * share)
  const kept = kind === 'consume' ? '' : '#ephemeral'
  const topic = `${client.name}_${workloads.indexOf(workload)}_${repeat}${kept}`
  if (kind === 'consume') await fill(address, topic, messages)
  const [program = '', ...args] = client.command
  const given = [kind, address, topic, outstanding, batchOf, messages, values['body-bytes']]
  const { stdout } = await run(program, [...args, ...given.map(String)], {
    env: { ...process.env, ...client.env },
    timeout: RUN_LIMIT_MS,
  })
  const { seconds, cpuSeconds } = JSON.parse(stdout) as { seconds: number; cpuSeconds: number }
  return {
    workload: workload.name,
    client: client.name,
    rate: messages / seconds,
    cpuMicroseconds: (cpuSeconds / messages) * 1e6,
  }
}

async function fill(address: string, topic: string, messages: number): Promise<void> {
  await using producer = new Producer({ nsqd: address })
  const body = Buffer.alloc(Number(values['body-bytes']), 'x')
  for (let left = messages; left > 0; left -= FILL_BATCH) {
    const count = Math.min(left, FILL_BATCH)
    await producer.publishMany(
      topic,
      Array.from({ length: count }, () => body),
    )
  }
}
