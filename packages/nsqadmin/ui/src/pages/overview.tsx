import { useQuery } from '@tanstack/react-query'

import type { NodeProblem, Overview } from '../../../src/api.ts'
import { overviewQuery } from '../api/queries.ts'
import { Charts } from '../components/charts.tsx'
import { Page, Section } from '../components/page.tsx'
import { Table, type Column } from '../components/table.tsx'
import { TOPIC_COLUMNS } from '../components/topic-columns.tsx'
import { Asked, Badge, Link, Notice, Tile, Tiles, Warnings } from '../components/ui.tsx'
import { formatCount, formatDate, formatRate } from '../lib/format.ts'
import { nodePath } from '../lib/routes.ts'

export function OverviewPage() {
  const overview = useQuery(overviewQuery)
  return (
    <Page title="Overview">
      <Asked query={overview}>{(data) => <Cluster overview={data} />}</Asked>
    </Page>
  )
}

const PROBLEM_COLUMNS: readonly Column<NodeProblem>[] = [
  {
    id: 'node',
    label: 'Node',
    cell: ({ node, kind }) => (kind === 'nsqd' ? <Link to={nodePath(node)}>{node}</Link> : node),
  },
  { id: 'kind', label: 'Kind', cell: ({ kind }) => <Badge>{kind}</Badge> },
  { id: 'since', label: 'Since', cell: ({ since }) => formatDate(since) },
  { id: 'error', label: 'Error', isWide: true, cell: ({ error }) => error },
]

function Cluster({ overview }: { readonly overview: Overview }) {
  const { rates, problems } = overview
  // What the table of problems says need not be said twice.
  const warnings = overview.warnings.filter(
    ({ text }) => !problems.some(({ error }) => text.includes(error)),
  )
  return (
    <>
      {problems.length === 0 ? <Warnings message={overview.message} /> : undefined}
      {warnings.map(({ level, text, link }) => (
        <Notice key={text} tone={level === 'error' ? 'bad' : 'warn'}>
          {text} {link === undefined ? undefined : <Link to={link}>Look</Link>}
        </Notice>
      ))}
      <Tiles>
        <Tile label="Depth" value={formatCount(overview.depth)} />
        <Tile label="In flight" value={formatCount(overview.in_flight_count)} />
        <Tile label="Deferred" value={formatCount(overview.deferred_count)} />
        <Tile label="Publish" value={formatRate(rates.publish)} unit="/s" />
        <Tile label="Deliver" value={formatRate(rates.deliver)} unit="/s" />
        <Tile label="Finish" value={formatRate(rates.finish)} unit="/s" />
        <Tile label="Requeue" value={formatRate(rates.requeue)} unit="/s" />
        <Tile label="Timeout" value={formatRate(rates.timeout)} unit="/s" />
        <Tile label="Nodes" value={formatCount(overview.node_count)} />
        <Tile label="Topics" value={formatCount(overview.topic_count)} />
        <Tile label="Channels" value={formatCount(overview.channel_count)} />
        <Tile label="Clients" value={formatCount(overview.client_count)} />
      </Tiles>
      {problems.length === 0 ? undefined : (
        <Section title="Not answering">
          <Table
            label="Nodes that do not answer"
            columns={PROBLEM_COLUMNS}
            rows={problems}
            keyOf={({ kind, node }) => `${kind} ${node}`}
            toneOf={() => 'bad'}
          />
        </Section>
      )}
      <Charts of={{}} />
      <Section title="Deepest topics" aside={<Link to="/topics?sort=-depth">All topics</Link>}>
        {overview.top_topics.length === 0 ? (
          <NoTopics />
        ) : (
          <Table
            label="Deepest topics"
            columns={TOPIC_COLUMNS}
            rows={overview.top_topics}
            keyOf={({ topic }) => topic}
          />
        )}
      </Section>
    </>
  )
}

export function NoTopics() {
  return (
    <Notice>
      No Topics Found. A topic comes into being when something is published to it, or on the{' '}
      <Link to="/lookup">Lookup</Link> page.
    </Notice>
  )
}
