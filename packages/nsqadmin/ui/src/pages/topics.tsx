import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'

import type { BulkRequest, TopicSummary } from '../../../src/api.ts'
import { actOnMany } from '../api/actions.ts'
import { topicsQuery } from '../api/queries.ts'
import type { Action } from '../components/action-dialog.tsx'
import { FilterBox } from '../components/filter-box.tsx'
import { Page } from '../components/page.tsx'
import { Table } from '../components/table.tsx'
import { TOPIC_COLUMNS } from '../components/topic-columns.tsx'
import { Asked, Button, Notice, Row, Warnings } from '../components/ui.tsx'
import { textFilter } from '../lib/filter.ts'
import { formatCount, plural } from '../lib/format.ts'
import { useAsk } from '../state/ask.tsx'
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
          <BulkActions topics={names} onDone={() => setChosen(NONE)} />
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

/** As many as one bulk request takes. */
const BULK_LIMIT = 1000

interface BulkActionsProps {
  readonly topics: readonly string[]
  readonly onDone: () => void
}

function BulkActions({ topics, onDone }: BulkActionsProps) {
  const ask = useAsk()
  const mayDelete = useMay('admin')
  const isTooMany = topics.length > BULK_LIMIT
  const askFor = (action: BulkRequest['action']): void => ask(bulkAction(action, topics, onDone))
  return (
    <Row>
      <span>
        {isTooMany ? `At most ${formatCount(BULK_LIMIT)} at once` : `${topics.length} chosen`}
      </span>
      <Button disabled={isTooMany} onClick={() => askFor('pause')}>
        Pause
      </Button>
      <Button disabled={isTooMany} onClick={() => askFor('unpause')}>
        UnPause
      </Button>
      <Button kind="danger" disabled={isTooMany} onClick={() => askFor('empty')}>
        Empty
      </Button>
      {mayDelete ? (
        <Button kind="danger" disabled={isTooMany} onClick={() => askFor('delete')}>
          Delete
        </Button>
      ) : undefined}
    </Row>
  )
}

const VERBS = { pause: 'Pause', unpause: 'UnPause', empty: 'Empty', delete: 'Delete' } as const

function bulkAction(
  action: BulkRequest['action'],
  topics: readonly string[],
  onDone: () => void,
): Action {
  const count = plural(topics.length, 'topic')
  const isLoss = action === 'empty' || action === 'delete'
  const some = topics.slice(0, 5).join(', ')
  const rest = topics.length > 5 ? ` and ${topics.length - 5} more` : ''
  return {
    title: `${VERBS[action]} ${count}?`,
    text: `${some}${rest}.${isLoss ? " Their messages are lost; this can't be undone." : ''}`,
    verb: `${VERBS[action]} ${count}`,
    ...(isLoss && { typed: `${action} ${topics.length}` }),
    run: () => actOnMany({ action, targets: topics.map((topic) => ({ topic })) }),
    onDone,
  }
}
