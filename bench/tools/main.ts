// The tools that move messages, ours and NSQ's own in turn: see README.md.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { finished } from 'node:stream/promises'

import { median } from '../metrics.ts'
import { killRunningNsqds, Nsqd } from '../nsqd.ts'
import { layOut } from '../report.ts'
import { startable, versionOf } from '../targets.ts'
import { readToolsOptions, type ToolsOptions, USAGE } from './options.ts'
import { type Figures, type Input, type Workload, workloads } from './workloads.ts'

const BIN = path.resolve(import.meta.dirname, '../../../packages/tsq/bin')

interface Side {
  readonly name: string
  program(tool: string): string
}

const ours: Side = { name: 'ours', program: (tool) => path.join(BIN, `${tool}.js`) }

async function main(options: ToolsOptions): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tsq-bench-tools-'))
  try {
    const input = await makeInput(folder, options)
    const { reference, only } = options
    const sides =
      reference === undefined
        ? [ours]
        : [ours, { name: 'NSQ 1.3.0', program: (tool: string) => path.join(reference, tool) }]
    const chosen = workloads.filter(({ tool }) => only.length === 0 || only.includes(tool))
    const lines: string[][] = []
    for (const workload of chosen) {
      lines.push(...(await compare(workload, sides, input, folder, options)))
    }
    const table = layOut([HEADING, ...lines], true)
    process.stdout.write(`${await conditions(options)}\n\n${table}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const HEADING = ['workload', 'tool', 'runs', 'msg/s', 'MB/s', 'CPU µs/msg', 'ours ÷ NSQ', 'spread']

async function compare(
  workload: Workload,
  sides: readonly Side[],
  input: Input,
  folder: string,
  options: ToolsOptions,
): Promise<string[][]> {
  const runs = sides.map((side) => ({ side, figures: [] as Figures[] }))
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    for (const { side, figures } of runs) {
      process.stderr.write(`${workload.name}, ${side.name}, run ${repeat + 1}\n`)
      figures.push(await runOnce(workload, side, input, folder, options))
    }
  }
  const rates = runs.map(({ figures }) => figures.map(({ seconds }) => input.messages / seconds))
  const [own = 0, theirs] = rates.map((some) => median(some))
  return runs.map(({ side, figures }, index) => {
    const rate = median(rates[index] ?? []) ?? 0
    const cpu = median(figures.flatMap(({ cpuMicrosPerMessage }) => cpuMicrosPerMessage ?? []))
    const ratio = index > 0 || theirs === undefined ? '' : (own / theirs).toFixed(2)
    return [
      workload.name,
      side.name,
      String(figures.length),
      Math.round(rate).toLocaleString('en-US'),
      ((rate * input.bytes) / input.messages / 1e6).toFixed(1),
      cpu === undefined ? '–' : cpu.toFixed(2),
      ratio,
      spreadOf(rates[index] ?? []),
    ]
  })
}

async function runOnce(
  workload: Workload,
  side: Side,
  input: Input,
  folder: string,
  options: ToolsOptions,
): Promise<Figures> {
  const room = await mkdtemp(path.join(folder, 'run-'))
  const target = { isPeer: false, name: 'nsqd', ...startable(options.nsqd, []) }
  await using nsqd = await Nsqd.start(target, room)
  const output = path.join(room, 'output')
  await mkdir(output)
  const publisher = ours.program('to_nsq')
  const program = side.program(workload.tool)
  const figures = await workload.run(program, publisher, {
    nsqd,
    topic: 'bench',
    folder: output,
    input,
  })
  await nsqd.stop()
  await rm(room, { recursive: true, force: true })
  return figures
}

/** Lines like those of a log: a number, and text that compresses neither well nor badly. */
async function makeInput(folder: string, { messages, bodyBytes }: ToolsOptions): Promise<Input> {
  const file = path.join(folder, 'input')
  const stream = createWriteStream(file)
  let bytes = 0
  for (let n = 0; n < messages; n++) {
    const line = `{"n":${n},"id":"${(Math.imul(n, 0x9e3779b1) >>> 0).toString(16)}","text":"`
    const text = `${line}${'the quick brown fox '.repeat(Math.ceil(bodyBytes / 20))}`
    const record = `${text.slice(0, Math.max(bodyBytes, line.length))}\n`
    bytes += record.length
    if (!stream.write(record)) await once(stream, 'drain')
  }
  stream.end()
  await finished(stream)
  return { file, messages, bytes }
}

async function conditions({ messages, bodyBytes, repeats, nsqd }: ToolsOptions): Promise<string> {
  const [cpu] = cpus()
  return [
    `- machine: ${cpu?.model.trim()}, ${cpus().length} cores; Node.js ${process.version}`,
    `- nsqd for both: ${await versionOf(nsqd)}`,
    `- ${messages.toLocaleString('en-US')} messages of ${bodyBytes} bytes, ${repeats} runs of each in turn; median`,
    '- to_nsq: from its start to its end. The others: from their start until every message is finished',
  ].join('\n')
}

function spreadOf(values: readonly number[]): string {
  const middle = median(values)
  if (values.length < 2 || middle === undefined) return '–'
  const half = (Math.max(...values) - Math.min(...values)) / 2
  return `±${((half / middle) * 100).toFixed(1)} %`
}

process.on('SIGINT', () => {
  killRunningNsqds()
  process.exit(130)
})
try {
  const options = readToolsOptions(process.argv.slice(2), path.join(BIN, 'nsqd.js'))
  if (options === undefined) process.stdout.write(USAGE)
  else await main(options)
} catch (error) {
  killRunningNsqds()
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
