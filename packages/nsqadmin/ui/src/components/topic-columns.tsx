// The columns of a list of topics, all nodes together.

import type { TopicSummary } from '../../../src/api.ts'
import { topicPath } from '../lib/routes.ts'
import { countColumn, rateColumn } from './columns.tsx'
import { Sparkline } from './sparkline.tsx'
import type { Column } from './table.tsx'
import { Link, PausedLabel } from './ui.tsx'

export const TOPIC_COLUMNS: readonly Column<TopicSummary>[] = [
  {
    id: 'topic',
    label: 'Topic',
    sortBy: ({ topic }) => topic,
    cell: ({ topic, paused }) => (
      <>
        <Link to={topicPath(topic)}>{topic}</Link> <PausedLabel isPaused={paused} />
      </>
    ),
  },
  countColumn('depth', 'Depth', ({ depth }) => depth, {
    title: 'Of the topic itself or of its fullest channel, whichever is more',
  }),
  { id: 'spark', label: 'Lately', cell: ({ spark }) => <Sparkline values={spark} /> },
  countColumn('disk', 'On disk', (topic) => topic.backend_depth),
  countColumn('in-flight', 'In flight', (topic) => topic.in_flight_count),
  countColumn('deferred', 'Deferred', (topic) => topic.deferred_count),
  rateColumn('publish', 'Publish/s', ({ rates }) => rates.publish),
  rateColumn('finish', 'Finish/s', ({ rates }) => rates.finish),
  rateColumn('requeue', 'Requeue/s', ({ rates }) => rates.requeue),
  rateColumn('timeout', 'Timeout/s', ({ rates }) => rates.timeout),
  countColumn('messages', 'Messages', (topic) => topic.message_count),
  countColumn('channels', 'Channels', (topic) => topic.channel_count),
  countColumn('clients', 'Clients', (topic) => topic.client_count),
  countColumn('nodes', 'Nodes', (topic) => topic.node_count),
]
