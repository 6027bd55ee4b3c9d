// Messages seen without being taken: waiting, in flight, deferred.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import type { MessageState, PeekedMessage, PeekResult } from '../../../src/api.ts'
import { peekQuery } from '../api/queries.ts'
import { formatSpan, plural } from '../lib/format.ts'
import { useParams } from '../state/location.ts'
import { Message, MessageList } from './message.tsx'
import styles from './messages.module.css'
import { Asked, Badge, Button, Field, inputClass, Notice, Segments, Warnings } from './ui.tsx'

const STATES = [
  { value: '', label: 'All' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'in_flight', label: 'In flight' },
  { value: 'deferred', label: 'Deferred' },
] as const
const LIMITS = [10, 50, 100]

interface PeekProps {
  readonly topic: string
  readonly channel?: string
  readonly nodes: readonly string[]
}

/** Whether any node can show its messages. Asked once a visit; assumed until a node says no. */
export function useHasPeek(of: { readonly topic: string; readonly channel?: string }): boolean {
  const { data } = useQuery({ ...peekQuery({ ...of, limit: 1 }), staleTime: Infinity })
  return data !== undefined && !isUnsupported(data)
}

function isUnsupported({ messages, unsupported }: PeekResult): boolean {
  return messages.length === 0 && unsupported.length > 0
}

export function Peek({ topic, channel, nodes }: PeekProps) {
  const [params, change] = useParams()
  const [limit, setLimit] = useState(LIMITS[0]!)
  const state = STATES.find(({ value }) => value === params.get('state'))?.value ?? ''
  const node = params.get('node') ?? undefined
  const peek = useQuery({
    ...peekQuery({ topic, channel, node, state: state === '' ? undefined : state, limit }),
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
  return (
    <>
      <div className={styles['tools']}>
        <Segments
          label="State of the messages"
          value={state}
          choices={STATES}
          onChoose={(next) => change({ state: next })}
        />
        <Field label="Node">
          <select
            className={inputClass}
            value={node ?? ''}
            onChange={(event) => change({ node: event.target.value })}
          >
            <option value="">All nodes</option>
            {nodes.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </Field>
        <Field label="At most">
          <select
            className={inputClass}
            value={limit}
            onChange={(event) => setLimit(Number(event.target.value))}
          >
            {LIMITS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </Field>
        <Button onClick={() => void peek.refetch()} disabled={peek.isFetching}>
          Look again
        </Button>
      </div>
      <Asked query={peek}>
        {(data) => <Peeked result={data} at={peek.dataUpdatedAt} isTopic={channel === undefined} />}
      </Asked>
    </>
  )
}

interface PeekedProps {
  readonly result: PeekResult
  /** When it was asked, in milliseconds. */
  readonly at: number
  readonly isTopic: boolean
}

function Peeked({ result, at, isTopic }: PeekedProps) {
  const { messages, unsupported, message } = result
  return (
    <>
      <Warnings message={message} />
      {unsupported.length === 0 ? undefined : (
        <Notice>Can't be looked into: {unsupported.join(', ')}</Notice>
      )}
      {messages.length === 0 ? (
        <Notice>
          No such message
          {isTopic ? ' at the topic itself; those of its channels are on their pages.' : '.'}
        </Notice>
      ) : (
        <>
          <p role="status">{plural(messages.length, 'message')}, seen without being taken.</p>
          <MessageList>
            {messages.map((one) => (
              <Message
                key={`${one.node} ${one.id} ${one.state}`}
                message={one}
                labels={<StateLabel message={one} at={at} />}
              />
            ))}
          </MessageList>
        </>
      )}
    </>
  )
}

const STATE_TEXTS: Readonly<Record<MessageState, string>> = {
  waiting: 'waiting',
  in_flight: 'in flight',
  deferred: 'deferred',
}

interface StateLabelProps {
  readonly message: PeekedMessage
  readonly at: number
}

function StateLabel({ message: { state, due, client }, at }: StateLabelProps) {
  return (
    <>
      <Badge tone={state === 'waiting' ? 'plain' : 'warn'}>{STATE_TEXTS[state]}</Badge>
      {due === undefined ? undefined : (
        <span>
          {state === 'deferred' ? 'due' : 'times out'} in {formatSpan(due - at)}
        </span>
      )}
      {client === undefined ? undefined : <span>at {client}</span>}
    </>
  )
}
