import type { ChannelStats, TopicStats } from '@tsq/clusterinfo'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'

import { nodeQuery } from '../api/queries.ts'
import type { NodeAnswer } from '../api/answers.ts'
import { Charts } from '../components/charts.tsx'
import {
  clientColumns,
  clientKey,
  clientTone,
  countColumn,
  latencyColumns,
  memoryAndDisk,
} from '../components/columns.tsx'
import { FilterBox } from '../components/filter-box.tsx'
import { Page, Section } from '../components/page.tsx'
import { Table, type Column } from '../components/table.tsx'
import {
  Asked,
  Button,
  Link,
  Notice,
  PausedLabel,
  Row,
  Tile,
  Tiles,
  Warnings,
} from '../components/ui.tsx'
import { textFilter } from '../lib/filter.ts'
import { formatCount, plural } from '../lib/format.ts'
import { channelPath, topicPath } from '../lib/routes.ts'
import { useParams } from '../state/location.ts'
import { useMayTombstone } from '../state/session.tsx'
import styles from './node.module.css'
import { channelCountColumns, TombstoneButton } from './topic.tsx'

export function NodePage({ node }: { readonly node: string }) {
  const answer = useQuery(nodeQuery(node))
  return (
    <Page title={node} trail={[{ label: 'Nodes', to: '/nodes' }]}>
      <Asked
        query={answer}
        missing={
          <Notice>
            No node {node} is known. <Link to="/nodes">All nodes</Link>
          </Notice>
        }
      >
        {(data) => <NodeTables answer={data} />}
      </Asked>
    </Page>
  )
}

function NodeTables({ answer }: { readonly answer: NodeAnswer }) {
  const topics = answer.topics ?? []
  const depth = topics.reduce((sum, topic) => sum + topic.depth, 0)
  return (
    <>
      <Warnings message={answer.message} />
      <Tiles>
        <Tile label="Topics" value={formatCount(topics.length)} />
        <Tile label="Messages" value={formatCount(answer.total_messages)} />
        <Tile label="Clients" value={formatCount(answer.total_clients)} />
        <Tile label="Depth of topics" value={formatCount(depth)} />
      </Tiles>
      <Charts of={{ node: answer.node }} />
      <Section title="Topics">
        {topics.length === 0 ? (
          <Notice>No topics exist on this node.</Notice>
        ) : (
          <TopicList node={answer.node} topics={topics} />
        )}
      </Section>
    </>
  )
}

/** As many topics as are spread out at once; the filter finds the others. */
const TOPICS_SHOWN = 25

function TopicList({
  node,
  topics,
}: {
  readonly node: string
  readonly topics: readonly TopicStats[]
}) {
  const [params] = useParams()
  const query = params.get('q') ?? ''
  const filter = useMemo(() => textFilter(query), [query])
  const matching = topics.filter((topic) => filter.matches(topic.topic_name))
  const [limit, setLimit] = useState(TOPICS_SHOWN)
  return (
    <>
      <Row>
        <FilterBox label="Filter topics" error={filter.error} />
        <span role="status">{plural(matching.length, 'topic')}</span>
      </Row>
      {matching.slice(0, limit).map((topic) => (
        <Topic key={topic.topic_name} node={node} topic={topic} />
      ))}
      {matching.length > limit ? (
        <Row>
          <Button onClick={() => setLimit(limit + TOPICS_SHOWN)}>
            Show more of {plural(matching.length, 'topic')}
          </Button>
        </Row>
      ) : undefined}
    </>
  )
}

function Topic({ node, topic }: { readonly node: string; readonly topic: TopicStats }) {
  const channels = topic.channels ?? []
  const mayTombstone = useMayTombstone()
  return (
    <section className={styles['topic']} aria-label={topic.topic_name}>
      <div className={styles['head']}>
        <h3>
          <Link to={topicPath(topic.topic_name)}>{topic.topic_name}</Link>{' '}
          <PausedLabel isPaused={topic.paused} />
        </h3>
        <dl className={styles['numbers']}>
          <Figure label="Depth" value={formatCount(topic.depth)} />
          <Figure label="Memory + Disk" value={memoryAndDisk(topic)} />
          <Figure label="Messages" value={formatCount(topic.message_count)} />
          <Figure label="Channels" value={formatCount(channels.length)} />
        </dl>
        {mayTombstone ? <TombstoneButton topic={topic.topic_name} node={node} /> : undefined}
      </div>
      {channels.length === 0 ? (
        <Notice>No channels exist for this topic.</Notice>
      ) : (
        <Channels topic={topic.topic_name} channels={channels} />
      )}
    </section>
  )
}

function Figure({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

interface ChannelsProps {
  readonly topic: string
  readonly channels: readonly ChannelStats[]
}

function Channels({ topic, channels }: ChannelsProps) {
  const [open, setOpen] = useState<string>()
  const columns: Column<ChannelStats>[] = [
    {
      id: 'channel',
      label: 'Channel',
      cell: (row) => (
        <>
          <Link to={channelPath(topic, row.channel_name)}>{row.channel_name}</Link>{' '}
          <PausedLabel isPaused={row.paused} />
        </>
      ),
    },
    ...channelCountColumns(),
    countColumn('connections', 'Connections', (row) => row.client_count),
    {
      id: 'clients',
      label: 'Clients',
      cell: ({ channel_name: name }) => (
        <Button
          kind="quiet"
          aria-expanded={open === name}
          aria-label={`${open === name ? 'Hide' : 'Show'} the clients of ${name}`}
          onClick={() => setOpen(open === name ? undefined : name)}
        >
          {open === name ? 'Hide' : 'Show'}
        </Button>
      ),
    },
    ...latencyColumns(channels, (row) => row.e2e_processing_latency),
  ]
  const shown = channels.find((channel) => channel.channel_name === open)
  return (
    <>
      <Table
        label={`Channels of ${topic} on this node`}
        prefix="channels."
        columns={columns}
        rows={channels}
        keyOf={(row) => row.channel_name}
      />
      {shown === undefined ? undefined : <Clients channel={shown} />}
    </>
  )
}

function Clients({ channel }: { readonly channel: ChannelStats }) {
  const clients = channel.clients ?? []
  const name = channel.channel_name
  if (clients.length === 0) {
    return <Notice>{name}: No clients connected to this channel.</Notice>
  }
  return (
    <Table
      label={`Clients of ${name}`}
      prefix="clients."
      columns={clientColumns(false)}
      rows={clients}
      keyOf={clientKey}
      toneOf={clientTone}
    />
  )
}
