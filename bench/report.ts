// Turns runs into tables: the median of each figure, its spread, and ratios to the peer.

import type { Conditions } from './machine.ts'
import { METRICS, median, type Metric, type MetricName, type Values } from './metrics.ts'
import type { Table } from './workloads/workload.ts'

/** All runs of one workload on one target. */
export interface Row {
  readonly workload: string
  readonly table: Table
  readonly target: string
  readonly isPeer: boolean
  readonly values: Values[]
  readonly problems: string[]
}

const TABLES: readonly { table: Table; heading: string; spreadOf: MetricName }[] = [
  { table: 'throughput', heading: 'Throughput', spreadOf: 'rate' },
  { table: 'latency', heading: 'Latency', spreadOf: 'p50Ms' },
  { table: 'idle', heading: 'At rest', spreadOf: 'residentMb' },
]

export function report(conditions: Conditions, rows: readonly Row[], isMarkdown: boolean): string {
  const { peer, ...others } = conditions
  const facts = Object.entries(peer === undefined ? others : { ...others, peer })
  const parts = [facts.map(([name, fact]) => `- ${nameOf(name)}: ${fact}`).join('\n')]
  for (const { table, heading, spreadOf } of TABLES) {
    const own = rows.filter((row) => row.table === table && row.values.length > 0)
    if (own.length === 0) continue
    parts.push(title(heading, isMarkdown), layOut(figures(own, spreadOf), isMarkdown))
    const compared = ratios(own)
    if (compared.length > 1) {
      parts.push(title(`${heading}, ours ÷ peer`, isMarkdown), layOut(compared, isMarkdown))
    }
  }
  const problems = rows.flatMap((row) =>
    row.problems.map((problem) => `- ${row.workload}, ${row.target}: ${problem}`),
  )
  if (problems.length > 0) parts.push(title('Went wrong', isMarkdown), problems.join('\n'))
  return `${parts.join('\n\n')}\n`
}

function figures(rows: readonly Row[], spreadOf: MetricName): string[][] {
  const shown = METRICS.filter(({ name }) => rows.some((row) => of(row, name).length > 0))
  const spread = METRICS.find(({ name }) => name === spreadOf)?.heading
  return [
    ['workload', 'nsqd', 'runs', ...shown.map(({ heading }) => heading), `spread of ${spread}`],
    ...rows.map((row) => [
      row.workload,
      row.target,
      String(row.values.length),
      ...shown.map((metric) => show(metric, median(of(row, metric.name)))),
      spreadText(of(row, spreadOf)),
    ]),
  ]
}

function ratios(rows: readonly Row[]): string[][] {
  const pairs = rows.flatMap((row) => {
    const peer = rows.find((other) => other.isPeer && other.workload === row.workload)
    return peer === undefined || row.isPeer ? [] : [{ row, peer }]
  })
  const shown = METRICS.filter(
    ({ name, isCompared }) => isCompared && pairs.some(({ row }) => of(row, name).length > 0),
  )
  return [
    ['workload', 'nsqd', ...shown.map(({ heading }) => heading)],
    ...pairs.map(({ row, peer }) => [
      row.workload,
      row.target,
      ...shown.map(({ name }) => {
        const own = median(of(row, name))
        const theirs = median(of(peer, name))
        return own === undefined || !theirs ? '–' : (own / theirs).toFixed(3)
      }),
    ]),
  ]
}

function of(row: Row, name: MetricName): number[] {
  return row.values.flatMap((values) => values[name] ?? [])
}

function show(metric: Metric, value: number | undefined): string {
  return value === undefined ? '–' : metric.format(value)
}

/** Half of what lies between the lowest and the highest, as a share of the median. */
function spreadText(values: readonly number[]): string {
  const middle = median(values)
  if (values.length < 2 || !middle) return '–'
  const half = (Math.max(...values) - Math.min(...values)) / 2
  return `±${((half / middle) * 100).toFixed(1)} %`
}

function nameOf(fact: string): string {
  return fact === 'dataFolder' ? 'data folder' : fact
}

function title(text: string, isMarkdown: boolean): string {
  return isMarkdown ? `### ${text}` : text.toUpperCase()
}

/** Columns under each other; the first of the lines is the heading. */
export function layOut(lines: readonly string[][], isMarkdown: boolean): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  // Two columns of words, then numbers.
  const pad = (cell: string, column: number): string =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  const text = lines.map((line) => line.map(pad))
  if (!isMarkdown) return text.map((line) => line.join('  ')).join('\n')
  const rule = widths.map((width, column) =>
    column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [text[0] ?? [], rule, ...text.slice(1)].map((line) => `| ${line.join(' | ')} |`).join('\n')
}
