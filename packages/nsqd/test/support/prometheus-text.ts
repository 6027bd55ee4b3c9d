// A strict reader of Prometheus' text format 0.0.4: what it does not take, a server may not either.

export interface ParsedSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

export interface ParsedMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: ParsedSample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (NaN|[+-]?Inf|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?)$`)
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

/** @throws with the line that is wrong. */
export function parsePrometheus(text: string): Map<string, ParsedMetric> {
  const metrics = new Map<string, ParsedMetric>()
  const seen = new Set<string>()
  let current: ParsedMetric | undefined
  let help: { name: string; text: string } | undefined
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment
      if (kind === 'HELP') {
        help = { name, text: rest }
        continue
      }
      if (help?.name !== name) throw new Error(`no HELP before: ${line}`)
      if (metrics.has(name)) throw new Error(`twice: ${line}`)
      if (SUFFIXES[rest] === undefined) throw new Error(`unknown type: ${line}`)
      current = { name, help: help.text, type: rest, samples: [] }
      metrics.set(name, current)
      continue
    }
    const sample = parseSample(line)
    if (current === undefined) throw new Error(`no TYPE before: ${line}`)
    const { name, type } = current
    const isOfMetric = SUFFIXES[type]!.some((suffix) => sample.name === name + suffix)
    if (!isOfMetric) throw new Error(`not of ${name}: ${line}`)
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`negative: ${line}`)
    const key = line.slice(0, line.lastIndexOf(' '))
    if (seen.has(key)) throw new Error(`twice: ${line}`)
    seen.add(key)
    current.samples.push(sample)
  }
  for (const metric of metrics.values()) if (metric.type === 'histogram') checkBuckets(metric)
  return metrics
}

function parseSample(line: string): ParsedSample {
  const match = SAMPLE.exec(line)
  if (match === null) throw new Error(`not a sample: ${line}`)
  const [, name = '', labelText = '', value = ''] = match
  const labels = new Map<string, string>()
  let rest = labelText
  while (rest !== '') {
    const label = LABEL.exec(rest)
    if (label === null) throw new Error(`bad labels: ${line}`)
    if (labels.has(label[1]!)) throw new Error(`label twice: ${line}`)
    labels.set(label[1]!, label[2]!)
    rest = rest.slice(label[0].length)
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

/** Buckets rise up to +Inf, which is the count. */
function checkBuckets({ name, samples }: ParsedMetric): void {
  const series = new Map<string, ParsedSample[]>()
  for (const sample of samples) {
    const key = [...sample.labels].filter(([label]) => label !== 'le').join(' ')
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  for (const [key, own] of series) {
    let bound = -Infinity
    let count = 0
    for (const { labels, value } of own.filter((sample) => sample.name === `${name}_bucket`)) {
      const le = Number(labels.get('le')?.replace('Inf', 'Infinity'))
      if (!(le > bound) || value < count) throw new Error(`buckets of ${name} {${key}} fall`)
      bound = le
      count = value
    }
    const total = own.find((sample) => sample.name === `${name}_count`)
    if (bound !== Infinity || total?.value !== count) {
      throw new Error(`${name} {${key}}: the last bucket is not the count`)
    }
  }
}
