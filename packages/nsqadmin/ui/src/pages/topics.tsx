import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'

import type { TopicSummary } from '../../../src/api.ts'
import { topicsQuery } from '../api/queries.ts'
import { BulkActions } from '../components/bulk-actions.tsx'
import { FilterBox } from '../components/filter-box.tsx'
import { Page } from '../components/page.tsx'
import { Table } from '../components/table.tsx'
import { TOPIC_COLUMNS } from '../components/topic-columns.tsx'
import { Asked, Notice, Row, Warnings } from '../components/ui.tsx'
import { textFilter } from '../lib/filter.ts'
import { formatCount, plural } from '../lib/format.ts'
import { useParams } from '../state/location.ts'
import { useMay } from '../state/session.tsx'
import { NoTopics } from './overview.tsx'

const NONE: ReadonlySet<string> = new Set()

export function TopicsPage() {
  const topics = useQuery(topicsQuery)
  return (
    <Page title="Topics">
      <Asked query={topics}>
        {(data) => (
          <>
            <Warnings message={data.message} />
            {data.topics.length === 0 ? <NoTopics /> : <TopicList topics={data.topics} />}
          </>
        )}
      </Asked>
    </Page>
  )
}

function TopicList({ topics }: { readonly topics: readonly TopicSummary[] }) {
  const [params] = useParams()
  const [chosen, setChosen] = useState(NONE)
  const mayAct = useMay('operator')
  const query = params.get('q') ?? ''
  const filter = useMemo(() => textFilter(query), [query])
  const shown = useMemo(() => topics.filter(({ topic }) => filter.matches(topic)), [topics, filter])
  // What is no longer shown is not acted upon.
  const names = shown.map(({ topic }) => topic).filter((topic) => chosen.has(topic))
  return (
    <>
      <Row isSpread>
        <Row>
          <FilterBox label="Filter topics" error={filter.error} />
          <span role="status">
            {shown.length === topics.length
              ? plural(topics.length, 'topic')
              : `${formatCount(shown.length)} of ${plural(topics.length, 'topic')}`}
          </span>
        </Row>
        {mayAct && names.length > 0 ? (
          <BulkActions
            kind="topic"
            targets={names.map((topic) => ({ topic }))}
            onDone={() => setChosen(NONE)}
          />
        ) : undefined}
      </Row>
      {shown.length === 0 ? (
        <Notice>No topic matches the filter.</Notice>
      ) : (
        <Table
          label="Topics"
          columns={TOPIC_COLUMNS}
          rows={shown}
          keyOf={({ topic }) => topic}
          defaultSort={{ column: 'topic', descending: false }}
          selection={mayAct ? { chosen, onChange: setChosen } : undefined}
        />
      )}
    </>
  )
}
