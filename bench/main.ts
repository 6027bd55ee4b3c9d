// The whole benchmark: every workload on every target, in turn, as often as asked.

import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conditions } from './machine.ts'
import { METRICS } from './metrics.ts'
import { killRunningNsqds } from './nsqd.ts'
import { UsageError, helpText, parseOptions, type Options } from './options.ts'
import { report, type Row } from './report.ts'
import { targetsFor, type Target } from './targets.ts'
import type { Workload } from './workloads/workload.ts'

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(helpText())
    return 0
  }
  const folder = await mkdtemp(join(tmpdir(), 'tsq-bench-'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      killRunningNsqds()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
      process.exit(1)
    })
  }
  try {
    const header = await conditions(options, folder)
    const rows: Row[] = []
    for (const workload of options.workloads) {
      rows.push(...(await measure(workload, options, folder)))
    }
    process.stdout.write(report(header, rows, options.isMarkdown))
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify({ conditions: header, rows }, null, 2)}\n`)
    }
    return rows.some((row) => row.problems.length > 0) ? 1 : 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Ours, peer, ours, peer: whatever else the machine does falls on all of them. */
async function measure(workload: Workload, options: Options, folder: string): Promise<Row[]> {
  const { name, table } = workload
  const pairs = targetsFor(options, workload.isPublishing).map((target) => {
    const { isPeer } = target
    const row: Row = {
      workload: name,
      table,
      target: target.name,
      isPeer,
      values: [],
      problems: [],
    }
    return { target, row }
  })
  const repeats = workload.repeats ?? options.repeats
  for (let repeat = 1; repeat <= repeats; repeat += 1) {
    for (const { target, row } of pairs) {
      await measureOnce(workload, target, options, folder, row)
      process.stderr.write(`${name} ${repeat}/${repeats} ${target.name}: ${latest(row)}\n`)
    }
  }
  return pairs.map(({ row }) => row)
}

async function measureOnce(
  workload: Workload,
  target: Target,
  options: Options,
  folder: string,
  row: Row,
): Promise<void> {
  const runFolder = await mkdtemp(join(folder, `${workload.name}-`))
  try {
    const { values, problems } = await workload.measure({ target, options, folder: runFolder })
    row.values.push(values)
    row.problems.push(...problems)
  } catch (error) {
    row.problems.push(error instanceof Error ? error.message : String(error))
  } finally {
    await rm(runFolder, { recursive: true, force: true })
  }
}

function latest(row: Row): string {
  const values = row.values.at(-1) ?? {}
  const shown = METRICS.flatMap(({ name, heading, format }) => {
    const value = values[name]
    return value === undefined ? [] : [`${format(value)} ${heading}`]
  })
  const problems = row.problems.length > 0 ? [`${row.problems.length} problem(s)`] : []
  return [...shown.slice(0, 4), ...problems].join(', ')
}

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  if (isUsage) process.stderr.write('Try --help.\n')
  process.exitCode = isUsage ? 2 : 1
}
