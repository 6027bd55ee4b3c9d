import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import type { AuditEntry } from '../../../src/api.ts'
import { auditQuery } from '../api/queries.ts'
import { FilterBox } from '../components/filter-box.tsx'
import { Page } from '../components/page.tsx'
import { Table, type Column } from '../components/table.tsx'
import { Asked, Badge, Link, Notice, Row, Warnings } from '../components/ui.tsx'
import { textFilter } from '../lib/filter.ts'
import { formatDate } from '../lib/format.ts'
import { channelPath, nodePath, topicPath } from '../lib/routes.ts'
import { useParams } from '../state/location.ts'

interface Entry extends AuditEntry {
  readonly key: string
}

const COLUMNS: readonly Column<Entry>[] = [
  { id: 'time', label: 'Time', sortBy: ({ time }) => time, cell: ({ time }) => formatDate(time) },
  { id: 'user', label: 'User', sortBy: ({ user }) => user, cell: ({ user }) => user || '–' },
  { id: 'remote', label: 'From', sortBy: ({ remote }) => remote, cell: ({ remote }) => remote },
  { id: 'action', label: 'Action', sortBy: ({ action }) => action, cell: ({ action }) => action },
  {
    id: 'on',
    label: 'On',
    sortBy: ({ topic }) => topic ?? '',
    cell: (entry) => <On entry={entry} />,
  },
  {
    id: 'result',
    label: 'Result',
    isWide: true,
    sortBy: ({ ok }) => Number(ok),
    cell: ({ ok, message }) => (
      <>
        <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'ok' : 'failed'}</Badge> {message}
      </>
    ),
  },
]

function On({ entry: { topic, channel, node } }: { readonly entry: AuditEntry }) {
  return (
    <>
      {topic === undefined ? undefined : <Link to={topicPath(topic)}>{topic}</Link>}
      {topic === undefined || channel === undefined ? undefined : (
        <>
          {' / '}
          <Link to={channelPath(topic, channel)}>{channel}</Link>
        </>
      )}
      {node === undefined ? undefined : (
        <>
          {' on '}
          <Link to={nodePath(node)}>{node}</Link>
        </>
      )}
    </>
  )
}

function textOf(entry: AuditEntry): string {
  const { user, remote, action, topic, channel, node, message } = entry
  return [user, remote, action, topic, channel, node, message].join(' ')
}

export function AuditPage() {
  const audit = useQuery(auditQuery)
  return (
    <Page title="Audit log">
      <Asked query={audit}>
        {({ entries, message }) => (
          <>
            <Warnings message={message} />
            {entries.length === 0 ? (
              <Notice>Nothing was done yet.</Notice>
            ) : (
              <Entries entries={entries} />
            )}
          </>
        )}
      </Asked>
    </Page>
  )
}

function Entries({ entries }: { readonly entries: readonly AuditEntry[] }) {
  const [params] = useParams()
  const query = params.get('q') ?? ''
  const filter = useMemo(() => textFilter(query), [query])
  // Entries have no id: two alike within a millisecond are told apart by their place.
  const rows = useMemo(
    () =>
      entries
        .map((entry, i) => ({ ...entry, key: `${entry.time} ${entries.length - i}` }))
        .filter((entry) => filter.matches(textOf(entry))),
    [entries, filter],
  )
  return (
    <>
      <Row>
        <FilterBox label="Filter the log" error={filter.error} />
      </Row>
      <Table
        label="Audit log, newest first"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ key }) => key}
      />
    </>
  )
}
