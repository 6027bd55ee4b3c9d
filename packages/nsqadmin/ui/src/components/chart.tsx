// A chart of some lines over time, drawn by uPlot. Its legend says the newest values, or those under the pointer.

import { useEffect, useEffectEvent, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import { lastValue, type ChartLine } from '../lib/chart-data.ts'
import { formatCompact } from '../lib/format.ts'
import { useThemeChanges } from '../state/theme.ts'
import styles from './chart.module.css'

const HEIGHT = 180
/** Between two times on the axis: whole minutes and hours. */
const TIME_STEPS_S = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600]

export interface ChartProps {
  readonly title: string
  /** Seconds since 1970, one for each value of a line. */
  readonly times: readonly number[]
  readonly lines: readonly ChartLine[]
  readonly format: (value: number) => string
  /** Short, for the few numbers beside the chart; counts when left out. */
  readonly formatAxis?: (value: number) => string
}

/** A colour of the design as the canvas takes it: resolved for the theme that is on. */
function color(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const resolved = getComputedStyle(probe).color
  probe.remove()
  return resolved
}

function options(props: CanvasProps, width: number): uPlot.Options {
  const { lines, onPoint, formatAxis = formatCompact } = props
  const axis = {
    stroke: color('--text-soft'),
    grid: { stroke: color('--chart-grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
  return {
    width,
    height: HEIGHT,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 28, values: '{HH}:{mm}', incrs: TIME_STEPS_S },
      { ...axis, size: 48, values: (_, ticks) => ticks.map((tick) => formatAxis(tick)) },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name }) => ({
        label,
        stroke: color(`--chart-${name}`),
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? undefined)] },
  }
}

interface CanvasProps extends ChartProps {
  readonly hidden: ReadonlySet<string>
  readonly onPoint: (i: number | undefined) => void
}

/** New values flow into it; for other lines or colours it is made anew, by its key. */
function Canvas(props: CanvasProps) {
  const { times, lines, hidden } = props
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const make = useEffectEvent((element: HTMLDivElement) => {
    return new uPlot(options(props, element.clientWidth), undefined, element)
  })
  useEffect(() => {
    const element = box.current!
    const made = make(element)
    chart.current = made
    const resized = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT })
    })
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      chart.current = undefined
    }
  }, [])
  useEffect(() => {
    chart.current?.setData([times, ...lines.map(({ values }) => values)] as uPlot.AlignedData)
  }, [times, lines])
  useEffect(() => {
    lines.forEach(({ label }, i) => {
      const show = !hidden.has(label)
      if (chart.current?.series[i + 1]?.show !== show) chart.current?.setSeries(i + 1, { show })
    })
  }, [lines, hidden])
  return <div ref={box} className={styles['canvas']} aria-hidden="true" />
}

export function Chart(props: ChartProps) {
  const { title, lines, format } = props
  const [point, setPoint] = useState<number>()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const themeChanges = useThemeChanges()
  const labels = lines.map(({ label }) => label).join(' ')
  const toggle = (label: string): void => {
    const next = new Set(hidden)
    if (!next.delete(label)) next.add(label)
    setHidden(next)
  }
  return (
    <figure className={styles['figure']} aria-label={title}>
      <div className={styles['head']}>
        <h3>{title}</h3>
        <div className={styles['legend']}>
          {lines.map(({ label, color: name, values }) => {
            const value = (point === undefined ? undefined : values[point]) ?? lastValue(values)
            return (
              <button
                key={label}
                type="button"
                className={styles['key']}
                aria-pressed={!hidden.has(label)}
                onClick={() => toggle(label)}
              >
                <span className={styles['swatch']} style={{ background: `var(--chart-${name})` }} />
                {label} <b>{value === undefined ? '–' : format(value)}</b>
              </button>
            )
          })}
        </div>
      </div>
      <Canvas key={`${themeChanges} ${labels}`} {...props} hidden={hidden} onPoint={setPoint} />
    </figure>
  )
}
