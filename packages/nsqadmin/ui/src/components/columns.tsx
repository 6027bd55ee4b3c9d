// Columns that several tables share.

import type { ChannelStats, ClientStats, Latency, TopicStats } from '@tsq/clusterinfo'

import { clientAttributes, clientName, locality } from '../lib/clients.ts'
import { deliveryShares } from '../lib/delivery.ts'
import { formatCount, formatDuration, formatRate, percentile } from '../lib/format.ts'
import { latencyAt, quantilesOf } from '../lib/percentiles.ts'
import { nodePath } from '../lib/routes.ts'
import styles from './columns.module.css'
import type { Column } from './table.tsx'
import { Badge, Link, type Tone } from './ui.tsx'

/** A column of whole numbers. */
export function countColumn<Row>(
  id: string,
  label: string,
  valueOf: (row: Row) => number,
  more: Partial<Column<Row>> = {},
): Column<Row> {
  return {
    id,
    label,
    isNumber: true,
    sortBy: valueOf,
    cell: (row) => formatCount(valueOf(row)),
    ...more,
  }
}

/** A column of rates per second; a dash where one is not known yet. */
export function rateColumn<Row>(
  id: string,
  label: string,
  valueOf: (row: Row) => number | undefined,
  more: Partial<Column<Row>> = {},
): Column<Row> {
  return {
    id,
    label,
    isNumber: true,
    sortBy: (row) => valueOf(row) ?? -1,
    cell: (row) => rateText(valueOf(row)),
    ...more,
  }
}

export function rateText(rate: number | undefined): string {
  return rate === undefined ? '–' : formatRate(rate)
}

export function memoryAndDisk({
  memory_depth,
  backend_depth,
}: Pick<TopicStats, 'memory_depth' | 'backend_depth'>): string {
  return `${formatCount(memory_depth)} + ${formatCount(backend_depth)}`
}

/** One column a percentile that any row measures, under one band. `total` is that of all rows together. */
export function latencyColumns<Row>(
  rows: readonly Row[],
  latencyOf: (row: Row) => Latency | null | undefined,
  total?: Latency | null,
): Column<Row>[] {
  return quantilesOf([...rows.map(latencyOf), total]).map((quantile) => ({
    id: `p${percentile(quantile)}`,
    label: `${percentile(quantile)}th`,
    head: (
      <>
        {percentile(quantile)}
        <sup>th</sup>
      </>
    ),
    band: 'E2E Processing Latency',
    isNumber: true,
    sortBy: (row) => latencyAt(latencyOf(row), quantile)?.average ?? -1,
    cell: (row) => <LatencyCell latency={latencyOf(row)} quantile={quantile} />,
    total: <LatencyCell latency={total} quantile={quantile} />,
  }))
}

interface LatencyCellProps {
  readonly latency: Latency | null | undefined
  readonly quantile: number
}

function LatencyCell({ latency, quantile }: LatencyCellProps) {
  const found = latencyAt(latency, quantile)
  if (found === undefined) return '–'
  const title = `min ${formatDuration(found.min)}, max ${formatDuration(found.max)}`
  return <span title={title}>{formatDuration(found.average)}</span>
}

const DELIVERY_COLORS = {
  zone: styles['zone'],
  region: styles['region'],
  global: styles['global'],
} as const

/** How near its consumers a channel delivered, as a bar; the shares in its tooltip and to readers. */
export function DeliveryBar({ channel }: { readonly channel: ChannelStats }) {
  const shares = deliveryShares(channel)
  if (shares.length === 0) return '–'
  const words = shares.map(({ label, percent }) => `${label} ${percent.toFixed(1)}%`).join(', ')
  return (
    <span className={styles['bar']} role="img" aria-label={words} title={words}>
      {shares.map(({ kind, percent }) => (
        <span key={kind} className={DELIVERY_COLORS[kind]} style={{ width: `${percent}%` }} />
      ))}
    </span>
  )
}

const CLIENT_TONES = { zone: 'good', region: 'warn', global: 'plain' } as const

export function clientTone(client: ClientStats): Tone {
  return CLIENT_TONES[locality(client)]
}

export function clientKey(client: ClientStats): string {
  return `${client.node} ${client.remote_address} ${client.client_id}`
}

/** @param withNode whether the clients may be of several nodes */
export function clientColumns(withNode: boolean): Column<ClientStats>[] {
  const node: Column<ClientStats> = {
    id: 'node',
    label: 'NSQd Host',
    sortBy: (client) => client.node,
    cell: (client) => <Link to={nodePath(client.node)}>{client.node}</Link>,
  }
  return [
    {
      id: 'client',
      label: 'Client Host',
      sortBy: clientName,
      cell: (client) => <span title={client.remote_address}>{clientName(client)}</span>,
    },
    {
      id: 'agent',
      label: 'User-Agent',
      sortBy: (client) => client.user_agent,
      cell: (client) => client.user_agent,
    },
    {
      id: 'attributes',
      label: 'Attributes',
      cell: (client) => <Attributes client={client} />,
    },
    ...(withNode ? [node] : []),
    countColumn('in-flight', 'In-Flight', (client) => client.in_flight_count),
    countColumn('ready', 'Ready Count', (client) => client.ready_count),
    countColumn('finished', 'Finished', (client) => client.finish_count),
    countColumn('requeued', 'Requeued', (client) => client.requeue_count),
    countColumn('messages', 'Messages', (client) => client.message_count),
    {
      id: 'connected',
      label: 'Connected',
      isNumber: true,
      sortBy: (client) => client.connected,
      cell: (client) => formatDuration(client.connected),
    },
  ]
}

function Attributes({ client }: { readonly client: ClientStats }) {
  return (
    <span className={styles['attributes']}>
      {clientAttributes(client).map(({ text, title, link }) => (
        <Badge key={`${text} ${title}`} title={title}>
          {link === undefined ? (
            text
          ) : (
            <a href={link} rel="noreferrer" target="_blank">
              {text}
            </a>
          )}
        </Badge>
      ))}
    </span>
  )
}
