import { median } from '../metrics.ts'

function medianOf(values: readonly number[]): number {
  return median(values) ?? Number.NaN
}

/** One client, once. */
export interface Reading {
  readonly workload: string
  readonly client: string
  /** Messages a second. */
  readonly rate: number
  /** Of the client's process, a message. */
  readonly cpuMicroseconds: number
}

/** A table to paste into docs/benchmarks.md, medians with half of highest minus lowest. */
export function reportOf(conditions: string, readings: readonly Reading[]): string {
  const lines = [
    `- ${conditions}`,
    '',
    '| workload | client | msg/s | spread | client CPU µs/msg | ours: rate | ours: messages per core |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
  ]
  for (const workload of new Set(readings.map((one) => one.workload))) {
    const of = (client: string): Reading[] =>
      readings.filter((one) => one.workload === workload && one.client === client)
    for (const client of new Set(readings.map((one) => one.client))) {
      lines.push(row(workload, client, of(client), of('ours')))
    }
  }
  return `${lines.join('\n')}\n`
}

function row(
  workload: string,
  client: string,
  own: readonly Reading[],
  ours: readonly Reading[],
): string {
  const rates = own.map(({ rate }) => rate)
  const rate = medianOf(rates)
  const cpu = medianOf(own.map(({ cpuMicroseconds }) => cpuMicroseconds))
  const spread = (Math.max(...rates) - Math.min(...rates)) / 2 / rate
  const isOurs = client === 'ours' || ours.length === 0
  const times = (ratio: number): string => (isOurs ? '–' : `${ratio.toFixed(2)} ×`)
  const cells = [
    workload,
    client,
    Math.round(rate).toLocaleString('en'),
    `±${(spread * 100).toFixed(0)} %`,
    cpu.toFixed(2),
    times(medianOf(ours.map((one) => one.rate)) / rate),
    times(cpu / medianOf(ours.map((one) => one.cpuMicroseconds))),
  ]
  return `| ${cells.join(' | ')} |`
}
