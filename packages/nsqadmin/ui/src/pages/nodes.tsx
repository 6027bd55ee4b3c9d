import type { NodeInfo } from '@tsq/clusterinfo'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { nodesQuery } from '../api/queries.ts'
import { FilterBox } from '../components/filter-box.tsx'
import { Page } from '../components/page.tsx'
import { Table, type Column } from '../components/table.tsx'
import { Asked, Badge, Link, Notice, Row, Warnings } from '../components/ui.tsx'
import { textFilter } from '../lib/filter.ts'
import { formatCount, plural } from '../lib/format.ts'
import { nodePath, topicPath } from '../lib/routes.ts'
import { useParams } from '../state/location.ts'
import { useSession } from '../state/session.tsx'
import styles from './nodes.module.css'

function addressOf({ broadcast_address: host, http_port }: NodeInfo): string {
  return `${host.includes(':') ? `[${host}]` : host}:${http_port}`
}

function textOf(node: NodeInfo): string {
  const topics = (node.topics ?? []).map(({ topic }) => topic)
  return [
    node.hostname,
    addressOf(node),
    node.version,
    node.topology_region,
    node.topology_zone,
    ...topics,
  ].join(' ')
}

export function NodesPage() {
  const nodes = useQuery(nodesQuery)
  const count = nodes.data?.nodes?.length
  return (
    <Page title={count === undefined ? 'NSQd Nodes' : `NSQd Nodes (${formatCount(count)})`}>
      <Asked query={nodes}>
        {(data) => (
          <>
            <Warnings message={data.message} />
            {(data.nodes ?? []).length === 0 ? (
              <Notice>No node is known. Does nsqd know where nsqlookupd is?</Notice>
            ) : (
              <NodeList nodes={data.nodes ?? []} />
            )}
          </>
        )}
      </Asked>
    </Page>
  )
}

function NodeList({ nodes }: { readonly nodes: readonly NodeInfo[] }) {
  const [params] = useParams()
  const { lookupds } = useSession()
  const query = params.get('q') ?? ''
  const filter = useMemo(() => textFilter(query), [query])
  const shown = useMemo(() => nodes.filter((node) => filter.matches(textOf(node))), [nodes, filter])
  const columns = useMemo(() => nodeColumns(lookupds.length), [lookupds.length])
  return (
    <>
      <Row>
        <FilterBox label="Filter nodes" error={filter.error} />
        <span role="status">{plural(shown.length, 'node')}</span>
      </Row>
      {shown.length === 0 ? (
        <Notice>No node matches the filter.</Notice>
      ) : (
        <Table
          label="Nodes"
          columns={columns}
          rows={shown}
          keyOf={(node) => `${node.broadcast_address}:${node.tcp_port}`}
          toneOf={(node) => (node.out_of_date ? 'warn' : 'plain')}
          defaultSort={{ column: 'hostname', descending: false }}
        />
      )}
    </>
  )
}

function nodeColumns(lookupds: number): Column<NodeInfo>[] {
  const connections: Column<NodeInfo> = {
    id: 'lookupds',
    label: 'Lookupd Conns.',
    isNumber: true,
    sortBy: (node) => (node.remote_addresses ?? []).length,
    cell: (node) => <LookupdConnections node={node} lookupds={lookupds} />,
  }
  return [
    {
      id: 'hostname',
      label: 'Hostname',
      sortBy: (node) => node.hostname,
      cell: (node) => node.hostname,
    },
    {
      id: 'address',
      label: 'Broadcast Address',
      sortBy: addressOf,
      cell: (node) => <Link to={nodePath(addressOf(node))}>{node.broadcast_address}</Link>,
    },
    {
      id: 'tcp',
      label: 'TCP Port',
      isNumber: true,
      sortBy: (node) => node.tcp_port,
      cell: (node) => node.tcp_port,
    },
    {
      id: 'http',
      label: 'HTTP Port',
      isNumber: true,
      sortBy: (node) => node.http_port,
      cell: (node) => node.http_port,
    },
    {
      id: 'version',
      label: 'Version',
      sortBy: (node) => node.version,
      cell: (node) => (
        <>
          {node.version} {node.out_of_date ? <Badge tone="warn">out of date</Badge> : undefined}
        </>
      ),
    },
    {
      id: 'region',
      label: 'Region',
      sortBy: (node) => node.topology_region ?? '',
      cell: (node) => node.topology_region,
    },
    {
      id: 'zone',
      label: 'Zone',
      sortBy: (node) => node.topology_zone ?? '',
      cell: (node) => node.topology_zone,
    },
    ...(lookupds > 0 ? [connections] : []),
    {
      id: 'topics',
      label: 'Topics',
      isWide: true,
      sortBy: (node) => (node.topics ?? []).length,
      cell: (node) => <Topics node={node} />,
    },
  ]
}

/** The addresses stand behind a click; a count that differs from that of the nsqlookupds stands out. */
function LookupdConnections({
  node,
  lookupds,
}: {
  readonly node: NodeInfo
  readonly lookupds: number
}) {
  const addresses = node.remote_addresses ?? []
  return (
    <details className={styles['connections']}>
      <summary aria-label={`${plural(addresses.length, 'connection')} to nsqlookupd`}>
        <Badge tone={addresses.length === lookupds ? 'plain' : 'warn'}>{addresses.length}</Badge>
      </summary>
      <ul>
        {addresses.map((address) => (
          <li key={address}>{address}</li>
        ))}
      </ul>
    </details>
  )
}

/** As many names of topics as one node's row shows. */
const TOPICS_SHOWN = 8

function Topics({ node }: { readonly node: NodeInfo }) {
  const all = node.topics ?? []
  // The tombstoned ones first: they must not hide among those left out.
  const topics = all.toSorted((a, b) => Number(b.tombstoned) - Number(a.tombstoned))
  return (
    <span className={styles['topics']}>
      <b>{formatCount(all.length)}</b>
      {topics.slice(0, TOPICS_SHOWN).map(({ topic, tombstoned }) => (
        <Badge
          key={topic}
          tone={tombstoned ? 'warn' : 'plain'}
          title={tombstoned ? 'this topic is currently tombstoned on this node' : undefined}
        >
          <Link to={topicPath(topic)}>{topic}</Link>
          {tombstoned ? ' tombstoned' : ''}
        </Badge>
      ))}
      {topics.length > TOPICS_SHOWN ? (
        <Link to={nodePath(addressOf(node))}>{formatCount(topics.length - TOPICS_SHOWN)} more</Link>
      ) : undefined}
    </span>
  )
}
