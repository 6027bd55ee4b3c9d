import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

import { ApiFailure } from './api/client.ts'
import { sessionQuery } from './api/queries.ts'
import { Page } from './components/page.tsx'
import { Shell } from './components/shell.tsx'
import { Link, Notice, errorText } from './components/ui.tsx'
import { AuditPage } from './pages/audit.tsx'
import { ChannelPage } from './pages/channel.tsx'
import { CounterPage } from './pages/counter.tsx'
import { LoginPage } from './pages/login.tsx'
import { LookupPage } from './pages/lookup.tsx'
import { NodePage } from './pages/node.tsx'
import { NodesPage } from './pages/nodes.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { TopicPage } from './pages/topic.tsx'
import { TopicsPage } from './pages/topics.tsx'
import { AskProvider } from './state/ask.tsx'
import { useRoute } from './state/location.ts'
import { RefreshProvider } from './state/refresh.tsx'
import { SessionContext } from './state/session.tsx'

export function App() {
  const session = useQuery(sessionQuery)
  useLoginAgain()
  if (session.data === undefined) {
    return session.error === null ? undefined : (
      <main>
        <Notice tone="bad">{errorText(session.error)}</Notice>
      </main>
    )
  }
  if (session.data.mode === 'login' && session.data.role === undefined) return <LoginPage />
  return (
    <SessionContext value={session.data}>
      <RefreshProvider>
        <AskProvider>
          <Shell>
            <CurrentPage />
          </Shell>
        </AskProvider>
      </RefreshProvider>
    </SessionContext>
  )
}

/** When an answer says that the login has run out, the session is asked for anew, and leads to the login page. */
function useLoginAgain(): void {
  const queries = useQueryClient()
  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ type, query }) => {
        if (type !== 'updated' || query.queryKey[0] === 'session') return
        const { error } = query.state
        if (!(error instanceof ApiFailure && error.status === 401)) return
        if (queries.isFetching(sessionQuery) === 0) void queries.invalidateQueries(sessionQuery)
      }),
    [queries],
  )
}

function CurrentPage() {
  const route = useRoute()
  switch (route.page) {
    case 'overview':
      return <OverviewPage />
    case 'topics':
      return <TopicsPage />
    case 'topic':
      return <TopicPage key={route.topic} topic={route.topic} />
    case 'channel':
      return (
        <ChannelPage
          key={`${route.topic}/${route.channel}`}
          topic={route.topic}
          channel={route.channel}
        />
      )
    case 'nodes':
      return <NodesPage />
    case 'node':
      return <NodePage key={route.node} node={route.node} />
    case 'counter':
      return <CounterPage />
    case 'lookup':
      return <LookupPage />
    case 'audit':
      return <AuditPage />
    case 'missing':
      return (
        <Page title="No such page">
          <Notice>
            There is nothing at this address. <Link to="/">To the overview</Link>
          </Notice>
        </Page>
      )
  }
}
