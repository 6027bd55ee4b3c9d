// The charts of the cluster, a topic, a channel or a node, over the last hour or day.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'

import type { History } from '../../../src/api.ts'
import { historyQuery, type HistoryOf, type HistoryRange } from '../api/queries.ts'
import { firstShown, latencyLines, messageLines, rateLines, timesOf } from '../lib/chart-data.ts'
import { formatCount, formatDuration, formatRate } from '../lib/format.ts'
import { useParams } from '../state/location.ts'
import type { ChartProps } from './chart.tsx'
import styles from './chart.module.css'
import { Notice, Panel, Segments, Warnings, errorText } from './ui.tsx'

// Charts come after the numbers: the first paint does not wait for the library that draws them.
const Chart = lazy(async () => ({ default: (await import('./chart.tsx')).Chart }))

const RANGES = [
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
] as const

const milliseconds = (value: number): string => formatDuration(value * 1e6)

export function Charts({ of }: { readonly of: HistoryOf }) {
  const [params, change] = useParams()
  const range: HistoryRange = params.get('range') === '24h' ? '24h' : '1h'
  const { data, error } = useQuery({
    ...historyQuery(of, range),
    placeholderData: keepPreviousData,
  })
  return (
    <Panel
      title="History"
      aside={
        <Segments
          label="Range of the charts"
          value={range}
          choices={RANGES}
          onChoose={(next) => change({ range: next === '1h' ? undefined : next })}
        />
      }
    >
      {error === null ? undefined : <Notice tone="bad">{errorText(error)}</Notice>}
      <Warnings message={data?.message} />
      {data === undefined ? <div className={styles['canvas']} /> : <Drawn history={data} />}
    </Panel>
  )
}

function Drawn({ history }: { readonly history: History }) {
  const charts = useMemo(() => {
    const first = firstShown(history)
    const times = timesOf(history, history.depth.length).slice(first)
    const all: Omit<ChartProps, 'times'>[] = [
      { title: 'Messages', lines: messageLines(history), format: formatCount },
      { title: 'Messages per second', lines: rateLines(history), format: formatRate },
    ]
    const latencies = latencyLines(history)
    if (latencies.length > 0) {
      const format = milliseconds
      all.push({ title: 'End-to-end latency', lines: latencies, format, formatAxis: format })
    }
    return all.map(({ lines, ...chart }) => ({
      ...chart,
      times,
      lines: lines.map((line) => ({ ...line, values: line.values.slice(first) })),
    }))
  }, [history])
  return (
    <div className={styles['charts']}>
      <Suspense fallback={<div className={styles['canvas']} />}>
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} />
        ))}
      </Suspense>
    </div>
  )
}
