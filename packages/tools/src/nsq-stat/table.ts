// The columns of nsq_stat: as NSQ's prints them, as JSON, and as a table on the terminal.

import type { Figures } from './figures.ts'

export const HEADER = [
  '------rate------+----------------depth----------------+--------------metadata---------------',
  'ingress  egress |   total     mem    disk inflt   def |     req     t-o         msgs clients',
] as const

const BAR = ' |'

interface Column {
  readonly width: number
  /** What stands before it, beside a space. */
  readonly bar?: string
  readonly value: (figures: Figures) => number
  /** How it is painted on the terminal, where there is something to see. */
  readonly paint?: (figures: Figures) => Paint | undefined
}

export type Paint = 'bold' | 'dim' | 'red' | 'yellow' | 'green'

const columns: readonly Column[] = [
  { width: 7, value: ({ ingress }) => ingress },
  {
    width: 7,
    value: ({ egress }) => egress,
    paint: ({ egress }) => (egress > 0 ? 'green' : undefined),
  },
  { width: 7, bar: BAR, value: ({ now }) => now.depth, paint: paintDepth },
  { width: 7, value: ({ now }) => now.memory_depth },
  { width: 7, value: ({ now }) => now.backend_depth },
  { width: 5, value: ({ now }) => now.in_flight_count },
  { width: 5, value: ({ now }) => now.deferred_count },
  {
    width: 7,
    bar: BAR,
    value: ({ now }) => now.requeue_count,
    paint: ({ newRequeues }) => (newRequeues > 0 ? 'yellow' : undefined),
  },
  {
    width: 7,
    value: ({ now }) => now.timeout_count,
    paint: ({ newTimeouts }) => (newTimeouts > 0 ? 'red' : undefined),
  },
  { width: 12, value: ({ now }) => now.message_count },
  {
    width: 7,
    value: ({ now }) => now.client_count,
    paint: ({ now }) => (now.client_count === 0 && now.depth > 0 ? 'red' : undefined),
  },
]

/** Waiting messages are a worry when they become more. */
function paintDepth({ now, ingress, egress }: Figures): Paint | undefined {
  if (now.depth === 0) return undefined
  return ingress > egress ? 'red' : 'yellow'
}

/** One line of figures, under {@link HEADER}. */
export function row(figures: Figures, paint: Painter = plain): string {
  return columns
    .map((column, index) => {
      const text = String(column.value(figures)).padStart(column.width)
      const painted = paint(text, column.paint?.(figures))
      return `${index === 0 ? '' : `${column.bar ?? ''} `}${painted}`
    })
    .join('')
}

export type Painter = (text: string, paint: Paint | undefined) => string

export const plain: Painter = (text) => text

const CODES: Readonly<Record<Paint, string>> = {
  bold: '1',
  dim: '2',
  red: '31',
  yellow: '33',
  green: '32',
}

export const coloured: Painter = (text, paint) =>
  paint === undefined ? text : `\u001B[${CODES[paint]}m${text}\u001B[0m`

/** One line of JSON, with the names of nsqd's own statistics. */
export function jsonLine(time: Date, total: Figures, nodes: readonly Figures[]): string {
  const { topic_name: topic, channel_name: channel } = total.now
  return JSON.stringify({
    time: time.toISOString(),
    topic,
    channel,
    ...jsonOf(total),
    nodes: nodes.map((figures) => ({ node: figures.now.node, ...jsonOf(figures) })),
  })
}

function jsonOf({ ingress, egress, now }: Figures) {
  return {
    ingress,
    egress,
    depth: now.depth,
    memory_depth: now.memory_depth,
    backend_depth: now.backend_depth,
    in_flight_count: now.in_flight_count,
    deferred_count: now.deferred_count,
    requeue_count: now.requeue_count,
    timeout_count: now.timeout_count,
    message_count: now.message_count,
    client_count: now.client_count,
    paused: now.paused,
  }
}
