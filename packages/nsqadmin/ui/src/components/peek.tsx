// Messages seen without being taken: waiting, in flight, deferred.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import type { MessageState, PeekedMessage, PeekResult } from '../../../src/api.ts'
import { peekQuery } from '../api/queries.ts'
import { formatSpan, plural } from '../lib/format.ts'
import { maySee } from '../lib/roles.ts'
import { useParams } from '../state/location.ts'
import { useSession } from '../state/session.tsx'
import { Message, MessageList } from './message.tsx'
import styles from './messages.module.css'
import { Asked, Badge, Button, Field, inputClass, Notice, Segments, Warnings } from './ui.tsx'

const STATES = [
  { value: 'waiting', label: 'Waiting' },
  { value: 'in_flight', label: 'In flight' },
  { value: 'deferred', label: 'Deferred' },
] as const
const LIMITS = [10, 50, 100]

interface PeekProps {
  readonly topic: string
  /** To choose from; without any, messages wait at the topic itself. */
  readonly channels: readonly string[]
  readonly nodes: readonly string[]
}

/** Whether these people may see messages, and any of the nodes can show them: nsqd 1.3.0 can't. Asked once a visit. */
export function useHasPeek({ topic, channels, nodes }: PeekProps): boolean {
  const isAllowed = maySee(useSession(), 'operator')
  const { data } = useQuery({
    ...peekQuery({ topic, channel: channels[0], state: 'waiting', limit: 1 }),
    enabled: isAllowed && nodes.length > 0,
    staleTime: Infinity,
  })
  return data !== undefined && data.unsupported.length < nodes.length
}

export function Peek({ topic, channels, nodes }: PeekProps) {
  const [params, change] = useParams()
  const [limit, setLimit] = useState(LIMITS[0]!)
  const state = STATES.find(({ value }) => value === params.get('state'))?.value ?? 'waiting'
  const node = params.get('node') ?? undefined
  const channel = channels.find((one) => one === params.get('channel')) ?? channels[0]
  const peek = useQuery({
    ...peekQuery({ topic, channel, node, state, limit }),
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
        {channels.length > 1 ? (
          <Field label="Channel">
            <select
              className={inputClass}
              value={channel}
              onChange={(event) => change({ channel: event.target.value })}
            >
              {channels.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </Field>
        ) : undefined}
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
      <Asked query={peek}>{(data) => <Peeked result={data} at={peek.dataUpdatedAt} />}</Asked>
    </>
  )
}

interface PeekedProps {
  readonly result: PeekResult
  /** When it was asked, in milliseconds. */
  readonly at: number
}

function Peeked({ result, at }: PeekedProps) {
  const { messages, unsupported, message } = result
  return (
    <>
      <Warnings message={message} />
      {unsupported.length === 0 ? undefined : (
        <Notice>Can't be looked into: {unsupported.join(', ')}</Notice>
      )}
      {messages.length === 0 ? (
        <Notice>No such message.</Notice>
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
