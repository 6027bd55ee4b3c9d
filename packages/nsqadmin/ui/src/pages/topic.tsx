import type { ChannelStats, TopicStats } from '@tsq/clusterinfo'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { tombstone } from '../api/actions.ts'
import { topicQuery } from '../api/queries.ts'
import type { TopicAnswer } from '../api/answers.ts'
import { BulkActions } from '../components/bulk-actions.tsx'
import { Charts } from '../components/charts.tsx'
import {
  countColumn,
  latencyColumns,
  memoryAndDisk,
  rateColumn,
  rateText,
} from '../components/columns.tsx'
import { hostColumn } from '../components/host-column.tsx'
import { Page, Section } from '../components/page.tsx'
import { Peek, useHasPeek } from '../components/peek.tsx'
import { PublishForm } from '../components/publish-form.tsx'
import { QueueActions } from '../components/queue-actions.tsx'
import { Table, type Column } from '../components/table.tsx'
import { Tail } from '../components/tail.tsx'
import { Asked, Button, Link, Notice, PausedLabel, Tabs, Warnings } from '../components/ui.tsx'
import { formatCount } from '../lib/format.ts'
import { channelPath, topicPath } from '../lib/routes.ts'
import { useAsk } from '../state/ask.tsx'
import { navigate, useParams } from '../state/location.ts'
import { useMay, useMayTombstone } from '../state/session.tsx'
import { useRates } from '../state/use-rates.ts'

const NONE: ReadonlySet<string> = new Set()

export function TopicPage({ topic }: { readonly topic: string }) {
  const answer = useQuery(topicQuery(topic))
  const [params] = useParams()
  const mayAct = useMay('operator')
  const path = topicPath(topic)
  const nodes = (answer.data?.nodes ?? []).map(({ node }) => node)
  const channels = (answer.data?.channels ?? []).map((channel) => channel.channel_name)
  const hasPeek = useHasPeek({ topic, channels, nodes })
  const views = [
    { view: 'overview', label: 'Overview', isThere: true },
    { view: 'messages', label: 'Messages', isThere: hasPeek },
    { view: 'tail', label: 'Live tail', isThere: mayAct },
    { view: 'publish', label: 'Publish', isThere: mayAct },
  ].filter(({ isThere }) => isThere)
  const asked = params.get('view')
  const { view } = views.find((one) => one.view === asked) ?? views[0]!
  return (
    <Page
      title={topic}
      trail={[{ label: 'Topics', to: '/topics' }]}
      labels={<PausedLabel isPaused={answer.data?.paused === true} />}
      actions={
        answer.data === undefined ? undefined : (
          <QueueActions
            queue={{ topic }}
            isPaused={answer.data.paused}
            onDeleted={() => navigate('/topics')}
          />
        )
      }
    >
      <Tabs
        label="Views of this topic"
        tabs={views.map((one) => ({
          to: one.view === 'overview' ? path : `${path}?view=${one.view}`,
          label: one.label,
          isCurrent: one.view === view,
        }))}
      />
      {view === 'messages' ? <Peek topic={topic} channels={channels} nodes={nodes} /> : undefined}
      {view === 'tail' ? <Tail topic={topic} /> : undefined}
      {view === 'publish' ? <PublishForm topic={topic} nodes={nodes} /> : undefined}
      {view === 'overview' ? (
        <Asked
          query={answer}
          missing={
            <Notice>
              There is no topic {topic}. It may have been deleted.{' '}
              <Link to="/topics">All topics</Link>
            </Notice>
          }
        >
          {(data) => <TopicTables topic={topic} answer={data} at={answer.dataUpdatedAt} />}
        </Asked>
      ) : undefined}
    </Page>
  )
}

interface TopicTablesProps {
  readonly topic: string
  readonly answer: TopicAnswer
  readonly at: number
}

function TopicTables({ topic, answer, at }: TopicTablesProps) {
  const nodes = answer.nodes ?? []
  const channels = answer.channels ?? []
  const rates = useRates(
    new Map([
      ['total', answer.message_count],
      ...nodes.map((one): [string, number] => [`node ${one.node}`, one.message_count]),
      ...channels.map((one): [string, number] => [
        `channel ${one.channel_name}`,
        one.message_count,
      ]),
    ]),
    at,
  )
  return (
    <>
      <Warnings message={answer.message} />
      <Charts of={{ topic }} />
      <Section title="Topic Message Queue">
        {nodes.length === 0 ? (
          <Notice>
            No producers exist for this topic. See <Link to="/lookup">Lookup</Link>.
          </Notice>
        ) : (
          <NodeTable topic={topic} answer={answer} nodes={nodes} rates={rates} />
        )}
      </Section>
      <Section title="Channel Message Queues">
        {channels.length === 0 ? (
          <Notice>
            No channels exist for this topic. Messages will queue at the topic until a channel is
            created.
          </Notice>
        ) : (
          <ChannelTable topic={topic} channels={channels} rates={rates} />
        )}
      </Section>
    </>
  )
}

interface NodeTableProps {
  readonly topic: string
  readonly answer: TopicStats
  readonly nodes: readonly TopicStats[]
  readonly rates: ReadonlyMap<string, number>
}

function NodeTable({ topic, answer, nodes, rates }: NodeTableProps) {
  const columns: Column<TopicStats>[] = [
    hostColumn(),
    countColumn('depth', 'Depth', ({ depth }) => depth, { total: formatCount(answer.depth) }),
    {
      id: 'memory',
      label: 'Memory + Disk',
      isNumber: true,
      sortBy: ({ backend_depth }) => backend_depth,
      cell: memoryAndDisk,
      total: memoryAndDisk(answer),
    },
    countColumn('messages', 'Messages', (row) => row.message_count, {
      total: formatCount(answer.message_count),
    }),
    rateColumn('rate', 'Rate/s', ({ node }) => rates.get(`node ${node}`), {
      total: rateText(rates.get('total')),
    }),
    countColumn('channels', 'Channels', ({ channels }) => (channels ?? []).length, {
      total: formatCount((answer.channels ?? []).length),
    }),
    ...latencyColumns(nodes, (row) => row.e2e_processing_latency, answer.e2e_processing_latency),
    ...useTombstoneColumn(topic),
  ]
  return (
    <Table
      label="Topic message queue, by node"
      prefix="nodes."
      columns={columns}
      rows={nodes}
      keyOf={({ node }) => node}
      hasTotal
    />
  )
}

function useTombstoneColumn(topic: string): Column<TopicStats>[] {
  const isAllowed = useMayTombstone()
  if (!isAllowed) return []
  const cell = ({ node }: TopicStats) => <TombstoneButton topic={topic} node={node} />
  return [{ id: 'tombstone', label: 'Tombstone', cell }]
}

interface TombstoneButtonProps {
  readonly topic: string
  readonly node: string
}

export function TombstoneButton({ topic, node }: TombstoneButtonProps) {
  const ask = useAsk()
  const text =
    `Consumers stop finding ${topic} on ${node}, and ${node} deletes it with the messages it still holds. ` +
    'Stop those who publish to it there first: else it is back at once.'
  return (
    <Button
      kind="quiet"
      aria-label={`Tombstone ${topic} on ${node}`}
      title="Tombstone this topic on this node"
      onClick={() =>
        ask({
          title: `Tombstone ${topic} on ${node}?`,
          text,
          verb: 'Tombstone',
          typed: topic,
          run: () => tombstone(topic, node),
        })
      }
    >
      ✘
    </Button>
  )
}

interface ChannelTableProps {
  readonly topic: string
  readonly channels: readonly ChannelStats[]
  readonly rates: ReadonlyMap<string, number>
}

function ChannelTable({ topic, channels, rates }: ChannelTableProps) {
  const mayAct = useMay('operator')
  const [chosen, setChosen] = useState(NONE)
  const targets = channels
    .filter(({ channel_name: name }) => chosen.has(name))
    .map(({ channel_name: channel }) => ({ topic, channel }))
  const columns: Column<ChannelStats>[] = [
    {
      id: 'channel',
      label: 'Channel',
      sortBy: (row) => row.channel_name,
      cell: (row) => (
        <>
          <Link to={channelPath(topic, row.channel_name)}>{row.channel_name}</Link>{' '}
          <PausedLabel isPaused={row.paused} />
        </>
      ),
    },
    ...channelCountColumns(),
    rateColumn('rate', 'Rate/s', (row) => rates.get(`channel ${row.channel_name}`)),
    countColumn('connections', 'Connections', (row) => row.client_count),
    ...latencyColumns(channels, (row) => row.e2e_processing_latency),
  ]
  return (
    <>
      {targets.length === 0 ? undefined : (
        <BulkActions kind="channel" targets={targets} onDone={() => setChosen(NONE)} />
      )}
      <Table
        label="Channels of this topic"
        prefix="channels."
        columns={columns}
        rows={channels}
        keyOf={(row) => row.channel_name}
        defaultSort={{ column: 'channel', descending: false }}
        selection={mayAct ? { chosen, onChange: setChosen } : undefined}
      />
    </>
  )
}

function sum(count: number | undefined): string | undefined {
  return count === undefined ? undefined : formatCount(count)
}

/** @param total the channel on all nodes together, for a row of totals */
export function channelCountColumns(total?: ChannelStats, band?: string): Column<ChannelStats>[] {
  return [
    countColumn('depth', 'Depth', ({ depth }) => depth, { total: sum(total?.depth), band }),
    {
      id: 'memory',
      label: 'Memory + Disk',
      isNumber: true,
      sortBy: ({ backend_depth }) => backend_depth,
      cell: memoryAndDisk,
      total: total && memoryAndDisk(total),
      band,
    },
    countColumn('in-flight', 'In-Flight', (row) => row.in_flight_count, {
      total: sum(total?.in_flight_count),
      band,
    }),
    countColumn('deferred', 'Deferred', (row) => row.deferred_count, {
      total: sum(total?.deferred_count),
      band,
    }),
    countColumn('requeued', 'Requeued', (row) => row.requeue_count, {
      total: sum(total?.requeue_count),
      band: band && 'Statistics',
    }),
    countColumn('timed-out', 'Timed Out', (row) => row.timeout_count, {
      total: sum(total?.timeout_count),
      band: band && 'Statistics',
    }),
    countColumn('messages', 'Messages', (row) => row.message_count, {
      total: sum(total?.message_count),
      band: band && 'Statistics',
    }),
  ]
}
