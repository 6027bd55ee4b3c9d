// Writes contrib/nsqd.cfg.example from the table of options.

import type { Option } from '@tsq/daemon'

import { nsqdOptions } from '../../src/index.ts'

type Row = (typeof nsqdOptions)[keyof typeof nsqdOptions]

const WIDTH = 100
const HEAD = `\
## A configuration file for nsqd: nsqd --config=nsqd.cfg
##
## TOML, flat. A key is the flag of the same name with _ for -; the command line goes before it.
## Everything here is commented out and shows the default, or an example where the default is empty
## or differs from machine to machine.
`

/** Shown where the default is empty, or differs from machine to machine. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  broadcast_address: '"nsqd1.example"',
  id: '1',
  data_path: '"/var/lib/nsqd"',
  statsd_address: '"127.0.0.1:8125"',
  e2e_processing_latency_percentiles: '[1.0, 0.99, 0.95]',
  topology_region: '"eu"',
  topology_zone: '"eu-1"',
  enable_experiment: '["topology-aware-consumption"]',
}

export function exampleConfig(): string {
  const groups = new Map<string, Row[]>()
  for (const option of Object.values(nsqdOptions)) {
    if (option.deprecated !== undefined) continue
    groups.set(option.group, [...(groups.get(option.group) ?? []), option])
  }
  let text = HEAD
  for (const [group, options] of groups) {
    text += `\n\n## ---- ${group}\n`
    for (const option of options) text += `\n${comment(option.doc)}\n# ${setting(option)}\n`
  }
  return text
}

function setting(option: Row): string {
  return `${option.key} = ${EXAMPLES[option.key] ?? toml(option)}`
}

function toml(option: Row): string {
  const { kind, default: value } = option
  if (kind === 'duration') return json((option as Option<unknown>).format(value))
  return Array.isArray(value) ? `[${value.map(json).join(', ')}]` : json(value)
}

function json(value: unknown): string {
  return JSON.stringify(value)
}

function comment(doc: string): string {
  const lines = ['##']
  for (const word of `${doc[0]!.toUpperCase()}${doc.slice(1)}`.split(' ')) {
    const longer = `${lines.at(-1)!} ${word}`
    if (longer.length > WIDTH) lines.push(`## ${word}`)
    else lines[lines.length - 1] = longer
  }
  return lines.join('\n')
}
