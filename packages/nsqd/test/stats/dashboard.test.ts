import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

import { parsePrometheus } from '../support/prometheus-text.ts'
import { get, post, startNsqd, WireClient } from '../support/running.ts'
import { waitUntil } from '../support/wait-until.ts'

const FILE = path.resolve(import.meta.dirname, '../../../../../contrib/grafana/tsq-nsqd.json')
/** Labels that Prometheus itself adds. */
const TARGET_LABELS = ['job', 'instance']
const METRIC = /\b((?:nsqd|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g
const FUNCTIONS = 'sum min max count rate time by histogram_quantile label_values'.split(' ')

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly query: string | { query: string } }[] }
}

/** Every query of the dashboard with the labels its legend shows. */
function queries(dashboard: Dashboard): { where: string; expr: string; shown: string[] }[] {
  const found: { where: string; expr: string; shown: string[] }[] = []
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr, legendFormat } of targets) {
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
      found.push({ where: title, expr, shown })
    }
  }
  for (const { query } of dashboard.templating.list) {
    if (typeof query === 'object') found.push({ where: 'variable', expr: query.query, shown: [] })
  }
  return found
}

/** Labels that a query names: in matchers, in `by (…)`, in `label_values(…, label)`. */
function labelsUsed(expr: string): string[] {
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/, */))
  const matched = [...expr.matchAll(METRIC)].flatMap(([, , list = '']) =>
    [...list.matchAll(/(\w+)=~?"/g)].map(([, label]) => label!),
  )
  const listed = /^label_values\(.*, (\w+)\)$/.exec(expr)
  return [...grouped, ...matched, ...(listed === null ? [] : [listed[1]!])]
}

describe('the Grafana dashboard', () => {
  it('asks only for metrics and labels that /metrics has', async (t) => {
    const nsqd = await startNsqd(t, { e2eLatencyPercentiles: [0.99] })
    await post(nsqd, '/pub?topic=orders', 'x')
    const consumer = await WireClient.connect(t, nsqd.tcpAddress)
    await consumer.subscribe('orders', 'billing', 1)
    const [message] = await consumer.take(1)
    consumer.finish(message!)
    const billing = nsqd.topics.find('orders')!.channels.get('billing' as never)!
    await waitUntil(() => billing.stats().inFlightCount === 0, 'the FIN')
    const labels = new Map<string, Set<string>>()
    for (const { samples } of parsePrometheus(await get(nsqd, '/metrics')).values()) {
      for (const sample of samples) {
        const known = labels.get(sample.name) ?? new Set(TARGET_LABELS)
        for (const label of sample.labels.keys()) known.add(label)
        labels.set(sample.name, known)
      }
    }
    const dashboard = JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard
    const all = queries(dashboard)
    assert.ok(all.length > 40, `${all.length} queries`)
    const asked = new Set<string>()
    for (const { where, expr, shown } of all) {
      const names = [...expr.matchAll(METRIC)].map(([, name]) => name!)
      assert.ok(names.length > 0, `${where}: ${expr}`)
      for (const name of names) {
        asked.add(name)
        const known = labels.get(name)
        assert.ok(known !== undefined, `${where}: there is no metric ${name}`)
        for (const label of [...labelsUsed(expr), ...shown]) {
          assert.ok(known.has(label), `${where}: ${name} has no label ${label}`)
        }
      }
      const words = expr
        .replaceAll(METRIC, '')
        .replaceAll(/\bby \([^)]*\)/g, '')
        .matchAll(/\b([a-z_]+)\s*\(/g)
      for (const [, word] of words) assert.ok(FUNCTIONS.includes(word!), `${where}: ${word}()`)
    }
    // What is counted is shown somewhere.
    const unseen = [...labels.keys()].filter(
      (name) => !asked.has(name) && !/_(bucket|sum|count)$/.test(name),
    )
    assert.deepEqual(unseen, ['nsqd_topic_channels'])
  })
})
