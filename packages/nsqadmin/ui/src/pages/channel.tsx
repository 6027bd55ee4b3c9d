import type { ChannelStats } from '@tsq/clusterinfo'
import { useQuery } from '@tanstack/react-query'

import { channelQuery } from '../api/queries.ts'
import type { ChannelAnswer } from '../api/answers.ts'
import { Charts } from '../components/charts.tsx'
import {
  clientColumns,
  clientKey,
  clientTone,
  countColumn,
  DeliveryBar,
  latencyColumns,
  rateColumn,
  rateText,
} from '../components/columns.tsx'
import { hostColumn } from '../components/host-column.tsx'
import { Page, Section } from '../components/page.tsx'
import { Peek, useHasPeek } from '../components/peek.tsx'
import { QueueActions } from '../components/queue-actions.tsx'
import { Table, type Column } from '../components/table.tsx'
import { Asked, Link, Notice, PausedLabel, Tabs, Warnings } from '../components/ui.tsx'
import { deliveryShares } from '../lib/delivery.ts'
import { formatCount } from '../lib/format.ts'
import { channelPath, topicPath } from '../lib/routes.ts'
import { navigate, useParams } from '../state/location.ts'
import { useRates } from '../state/use-rates.ts'
import { channelCountColumns } from './topic.tsx'

interface ChannelPageProps {
  readonly topic: string
  readonly channel: string
}

export function ChannelPage({ topic, channel }: ChannelPageProps) {
  const answer = useQuery(channelQuery(topic, channel))
  const [params] = useParams()
  const nodes = (answer.data?.nodes ?? []).map(({ node }) => node)
  const hasPeek = useHasPeek({ topic, channels: [channel], nodes })
  const isMessages = hasPeek && params.get('view') === 'messages'
  const path = channelPath(topic, channel)
  const tabs = [{ to: path, label: 'Overview', isCurrent: !isMessages }]
  if (hasPeek) {
    tabs.push({ to: `${path}?view=messages`, label: 'Messages', isCurrent: isMessages })
  }
  return (
    <Page
      title={channel}
      trail={[
        { label: 'Topics', to: '/topics' },
        { label: topic, to: topicPath(topic) },
      ]}
      labels={<PausedLabel isPaused={answer.data?.paused === true} />}
      actions={
        answer.data === undefined ? undefined : (
          <QueueActions
            queue={{ topic, channel }}
            isPaused={answer.data.paused}
            onDeleted={() => navigate(topicPath(topic))}
          />
        )
      }
    >
      <Tabs label="Views of this channel" tabs={tabs} />
      {isMessages ? (
        <Peek topic={topic} channels={[channel]} nodes={nodes} />
      ) : (
        <Asked
          query={answer}
          missing={
            <Notice>
              There is no channel {channel} of {topic}.{' '}
              <Link to={topicPath(topic)}>To the topic</Link>
            </Notice>
          }
        >
          {(data) => <ChannelTables answer={data} at={answer.dataUpdatedAt} />}
        </Asked>
      )}
    </Page>
  )
}

interface ChannelTablesProps {
  readonly answer: ChannelAnswer
  readonly at: number
}

function ChannelTables({ answer, at }: ChannelTablesProps) {
  const nodes = answer.nodes ?? []
  const clients = answer.clients ?? []
  const rates = useRates(
    new Map([
      ['total', answer.message_count],
      ...nodes.map((one): [string, number] => [one.node, one.message_count]),
    ]),
    at,
  )
  return (
    <>
      <Warnings message={answer.message} />
      <Charts of={{ topic: answer.topic_name, channel: answer.channel_name }} />
      <Section title="Channel">
        <Table
          label="Channel, by node"
          prefix="nodes."
          columns={nodeColumns(answer, nodes, rates)}
          rows={nodes}
          keyOf={({ node }) => node}
          hasTotal
        />
      </Section>
      <Section title={`Client Connections (${formatCount(clients.length)})`}>
        {clients.length === 0 ? (
          <Notice>No clients connected to this channel</Notice>
        ) : (
          <Table
            label="Client connections"
            prefix="clients."
            columns={clientColumns(true)}
            rows={clients}
            keyOf={clientKey}
            toneOf={clientTone}
          />
        )}
      </Section>
    </>
  )
}

function nodeColumns(
  answer: ChannelStats,
  nodes: readonly ChannelStats[],
  rates: ReadonlyMap<string, number>,
): Column<ChannelStats>[] {
  const delivery: Column<ChannelStats> = {
    id: 'delivery',
    label: 'Delivery',
    band: 'Statistics',
    cell: (row) => <DeliveryBar channel={row} />,
    total: <DeliveryBar channel={answer} />,
  }
  return [
    hostColumn(),
    ...channelCountColumns(answer, 'Message Queues'),
    rateColumn('rate', 'Rate/s', ({ node }) => rates.get(node), {
      total: rateText(rates.get('total')),
      band: 'Statistics',
    }),
    countColumn('connections', 'Connections', (row) => row.client_count, {
      total: formatCount(answer.client_count),
      band: 'Statistics',
    }),
    ...(deliveryShares(answer).length > 0 ? [delivery] : []),
    ...latencyColumns(nodes, (row) => row.e2e_processing_latency, answer.e2e_processing_latency),
  ]
}
