import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'

import { createQueue, type Queue } from '../api/actions.ts'
import { inactiveQuery, overviewQuery } from '../api/queries.ts'
import { Page, Section } from '../components/page.tsx'
import { queueAction } from '../components/queue-actions.tsx'
import { Table, type Column } from '../components/table.tsx'
import {
  Asked,
  Badge,
  Button,
  Field,
  Link,
  Notice,
  Panel,
  Warnings,
  errorText,
  inputClass,
} from '../components/ui.tsx'
import { formText } from '../lib/form-text.ts'
import { channelPath, topicPath } from '../lib/routes.ts'
import { useAsk } from '../state/ask.tsx'
import { useMay, useSession } from '../state/session.tsx'
import styles from './lookup.module.css'

export function LookupPage() {
  const { lookupds } = useSession()
  const mayCreate = useMay('operator')
  return (
    <Page title="Lookup">
      {lookupds.length === 0 ? (
        <Notice>nsqadmin is not configured with nsqlookupd hosts</Notice>
      ) : (
        <Lookupds lookupds={lookupds} />
      )}
      {mayCreate ? <CreateForm /> : undefined}
      {lookupds.length === 0 ? undefined : <Inactive />}
    </Page>
  )
}

interface LookupdRow {
  readonly address: string
  readonly error: string | undefined
}

const LOOKUPD_COLUMNS: readonly Column<LookupdRow>[] = [
  { id: 'host', label: 'nsqlookupd Host', cell: ({ address }) => address },
  {
    id: 'state',
    label: 'State',
    isWide: true,
    cell: ({ error }) => (error === undefined ? <Badge tone="good">answers</Badge> : <>{error}</>),
  },
]

function Lookupds({ lookupds }: { readonly lookupds: readonly string[] }) {
  const { data } = useQuery(overviewQuery)
  const rows = lookupds.map((address) => ({
    address,
    error: data?.problems.find(({ kind, node }) => kind === 'nsqlookupd' && node === address)
      ?.error,
  }))
  return (
    <Table
      label="nsqlookupd hosts"
      columns={LOOKUPD_COLUMNS}
      rows={rows}
      keyOf={({ address }) => address}
      toneOf={({ error }) => (error === undefined ? 'plain' : 'bad')}
    />
  )
}

function CreateForm() {
  const queries = useQueryClient()
  const [said, setSaid] = useState<{
    readonly isGood: boolean
    readonly text: string
    readonly topic: string
  }>()
  const create = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form)
    const topic = formText(data, 'topic').trim()
    const channel = formText(data, 'channel').trim()
    if (topic === '' && channel === '') return
    try {
      const { message } = await createQueue({ topic, channel })
      const name = channel === '' ? topic : `${topic}/${channel}`
      setSaid({ isGood: message === '', text: message || `${name} is created.`, topic })
      form.reset()
    } catch (error) {
      setSaid({ isGood: false, text: errorText(error), topic: '' })
    }
    void queries.invalidateQueries({ predicate: (query) => query.meta?.['live'] === true })
  }
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    void create(event.currentTarget)
  }
  return (
    <Panel title="Create Topic/Channel">
      <form onSubmit={submit} className={styles['form']}>
        <Field label="Topic Name">
          <input className={inputClass} name="topic" autoComplete="off" spellCheck={false} />
        </Field>
        <Field label="Channel Name">
          <input
            className={inputClass}
            name="channel"
            autoComplete="off"
            spellCheck={false}
            placeholder="may be left empty"
          />
        </Field>
        <Button type="submit" kind="primary">
          Create
        </Button>
      </form>
      <div role="status">
        {said === undefined ? undefined : (
          <Notice tone={said.isGood ? 'good' : 'bad'}>
            {said.text}{' '}
            {said.topic === '' ? undefined : <Link to={topicPath(said.topic)}>Look</Link>}
          </Notice>
        )}
      </div>
    </Panel>
  )
}

function Inactive() {
  const inactive = useQuery(inactiveQuery)
  return (
    <Section title="Inactive Topics">
      <Asked query={inactive}>
        {({ topics, message }) => (
          <>
            <Warnings message={message} />
            {Object.keys(topics).length === 0 ? (
              <Notice>No inactive Topics</Notice>
            ) : (
              <InactiveTopics topics={topics} />
            )}
          </>
        )}
      </Asked>
    </Section>
  )
}

interface InactiveTopicsProps {
  readonly topics: Readonly<Record<string, readonly string[] | null>>
}

/** As many as the tree shows; what is left comes up as these are deleted. */
const SHOWN = 200

function InactiveTopics({ topics }: InactiveTopicsProps) {
  const names = Object.keys(topics).toSorted()
  return (
    <Panel>
      <p>nsqlookupd still knows these, but no nsqd has them.</p>
      <ul className={styles['tree']}>
        {names.slice(0, SHOWN).map((topic) => (
          <li key={topic}>
            <Link to={topicPath(topic)}>{topic}</Link> <DeleteButton queue={{ topic }} />
            <ul>
              {(topics[topic] ?? []).map((channel) => (
                <li key={channel}>
                  <Link to={channelPath(topic, channel)}>{channel}</Link>{' '}
                  <DeleteButton queue={{ topic, channel }} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {names.length > SHOWN ? <p>{names.length - SHOWN} more are not shown.</p> : undefined}
    </Panel>
  )
}

interface DeleteButtonProps {
  readonly queue: Queue
}

function DeleteButton({ queue }: DeleteButtonProps) {
  const ask = useAsk()
  const mayDelete = useMay('admin')
  if (!mayDelete) return undefined
  const name = queue.channel === undefined ? queue.topic : `${queue.topic}/${queue.channel}`
  return (
    <Button
      kind="quiet"
      aria-label={`Delete ${name}`}
      onClick={() => ask(queueAction('delete', queue))}
    >
      ✘
    </Button>
  )
}
