// Messages as they come, through a channel that lives only as long as somebody looks.

import { useEffect, useState, type FormEvent } from 'react'

import type { TailedMessage } from '../../../src/api.ts'
import { apiUrl, refusalOf } from '../api/client.ts'
import { formatCount, plural } from '../lib/format.ts'
import { formText } from '../lib/form-text.ts'
import { Message, MessageList } from './message.tsx'
import styles from './messages.module.css'
import { Badge, Button, Field, inputClass, Notice } from './ui.tsx'

/** As many messages as are kept on the page. */
const KEPT = 100
const RATES = [1, 5, 10, 50]
/** How often what came is shown: a burst costs one drawing, not one a message. */
const DRAW_MS = 200

interface TailOf {
  readonly topic: string
  readonly filter: string
  readonly rate: number
}

interface Tailed {
  readonly messages: readonly (TailedMessage & { readonly key: number })[]
  readonly total: number
  readonly skipped: number
  readonly state: 'connecting' | 'open' | 'ended'
  /** What kept it from a node. */
  readonly problem?: string
  /** Why it never began. */
  readonly refusal?: string
}

const NOTHING: Tailed = { messages: [], total: 0, skipped: 0, state: 'connecting' }

/** What came on a tail since it was started. A new start is a new component. */
function useTail({ topic, filter, rate }: TailOf): Tailed {
  const [tailed, setTailed] = useState(NOTHING)
  useEffect(() => {
    let came: TailedMessage[] = []
    let skipped = 0
    let total = 0
    let isOpen = false
    const url = apiUrl('/tail', { topic, filter, rate: String(rate) })
    const events = new EventSource(url)
    events.addEventListener('message', (event: MessageEvent) => {
      came.push(JSON.parse(String(event.data)) as TailedMessage)
    })
    events.addEventListener('skipped', (event: MessageEvent) => {
      skipped += (JSON.parse(String(event.data)) as { count: number }).count
    })
    events.addEventListener('problem', (event: MessageEvent) => {
      const { message } = JSON.parse(String(event.data)) as { message: string }
      setTailed((was) => ({ ...was, problem: message }))
    })
    events.addEventListener('open', () => {
      isOpen = true
      setTailed((was) => ({ ...was, state: 'open' }))
    })
    events.addEventListener('error', () => {
      // Not again by itself: the server ends tails that somebody forgot.
      events.close()
      setTailed((was) => ({ ...was, state: 'ended' }))
      if (isOpen) return
      void refusalOf(url).then((refusal) => setTailed((was) => ({ ...was, refusal })))
    })
    const timer = setInterval(() => {
      const first = total
      const fresh = came.map((one, i) => ({ ...one, key: first + i })).toReversed()
      total += came.length
      came = []
      const now = { total, skipped }
      setTailed((was) =>
        fresh.length === 0 && was.skipped === now.skipped
          ? was
          : { ...was, ...now, messages: [...fresh, ...was.messages].slice(0, KEPT) },
      )
    }, DRAW_MS)
    return () => {
      events.close()
      clearInterval(timer)
    }
  }, [topic, filter, rate])
  return tailed
}

export function Tail({ topic }: { readonly topic: string }) {
  const [started, setStarted] = useState<TailOf & { readonly run: number }>()
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setStarted({
      topic,
      filter: formText(form, 'filter'),
      rate: Number(formText(form, 'rate')),
      run: (started?.run ?? 0) + 1,
    })
  }
  return (
    <>
      <form onSubmit={submit} className={styles['tools']}>
        <Field label="Only bodies with this text">
          <input className={inputClass} name="filter" data-search="" autoComplete="off" />
        </Field>
        <Field label="Messages a second, at most">
          <select className={inputClass} name="rate" defaultValue={10}>
            {RATES.map((rate) => (
              <option key={rate}>{rate}</option>
            ))}
          </select>
        </Field>
        <Button type="submit" kind="primary">
          {started === undefined ? 'Start' : 'Start anew'}
        </Button>
        <Button disabled={started === undefined} onClick={() => setStarted(undefined)}>
          Stop
        </Button>
      </form>
      {started === undefined ? (
        <Notice>
          Shows messages as they are published, through an ephemeral channel of its own: no other
          channel misses anything.
        </Notice>
      ) : (
        <RunningTail key={started.run} of={started} />
      )}
    </>
  )
}

function RunningTail({ of }: { readonly of: TailOf }) {
  const tailed = useTail(of)
  return (
    <>
      <p role="status">
        <TailState tailed={tailed} />
      </p>
      {tailed.refusal === undefined ? undefined : <Notice tone="bad">{tailed.refusal}</Notice>}
      {tailed.problem === undefined ? undefined : <Notice tone="bad">{tailed.problem}</Notice>}
      {tailed.state === 'open' && tailed.total === 0 ? (
        <Notice>Waiting for messages…</Notice>
      ) : undefined}
      <MessageList>
        {tailed.messages.map((message) => (
          <Message key={message.key} message={message} />
        ))}
      </MessageList>
    </>
  )
}

const STATE_TEXTS = {
  connecting: 'connecting',
  open: 'live',
  ended: 'ended; start it anew',
} as const

function TailState({ tailed: { state, total, skipped } }: { readonly tailed: Tailed }) {
  return (
    <>
      <Badge tone={state === 'open' ? 'good' : 'warn'}>{STATE_TEXTS[state]}</Badge>{' '}
      {plural(total, 'message')}
      {skipped > 0 ? `, ${formatCount(skipped)} skipped` : ''}
    </>
  )
}
