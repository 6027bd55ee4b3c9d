import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'

import { publish } from '../api/actions.ts'
import { formatBytes, formatDuration } from '../lib/format.ts'
import { prettyJson } from '../lib/body.ts'
import styles from './messages.module.css'
import { Button, Field, inputClass, monoInputClass, Notice, Panel, Row, errorText } from './ui.tsx'

interface PublishFormProps {
  readonly topic: string
  readonly nodes: readonly string[]
}

export function PublishForm({ topic, nodes }: PublishFormProps) {
  const queries = useQueryClient()
  const [body, setBody] = useState('')
  const [delay, setDelay] = useState('')
  const [node, setNode] = useState('')
  const [sent, setSent] = useState(0)
  const delayMs = Math.round(Number(delay) * 1000)
  const sending = useMutation({
    mutationFn: () =>
      publish({
        topic,
        body,
        ...(node !== '' && { node }),
        ...(delayMs > 0 && { defer_ms: delayMs }),
      }),
    onSuccess: ({ results }) => {
      if (results.some(({ ok }) => ok)) setSent((count) => count + 1)
      void queries.invalidateQueries({ predicate: (query) => query.meta?.['live'] === true })
    },
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    sending.mutate()
  }
  const bytes = new TextEncoder().encode(body).length
  const pretty = prettyJson(body)
  return (
    <Panel title="Publish a message">
      <form onSubmit={submit} className={styles['form']}>
        <Field label="Body" hint={`${formatBytes(bytes)}${pretty === undefined ? '' : ', JSON'}`}>
          <textarea
            className={monoInputClass}
            rows={8}
            value={body}
            onChange={(event) => setBody(event.target.value)}
            spellCheck={false}
          />
        </Field>
        <div className={styles['tools']}>
          <Field label="Delay in seconds">
            <input
              className={inputClass}
              type="number"
              min="0"
              step="any"
              placeholder="0"
              value={delay}
              onChange={(event) => setDelay(event.target.value)}
            />
          </Field>
          <Field label="Node">
            <select
              className={inputClass}
              value={node}
              onChange={(event) => setNode(event.target.value)}
            >
              <option value="">Any node</option>
              {nodes.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </Field>
          <Button type="submit" kind="primary" disabled={bytes === 0 || sending.isPending}>
            {delayMs > 0 ? `Publish in ${formatDuration(delayMs * 1e6)}` : 'Publish'}
          </Button>
          {pretty === undefined || pretty === body ? undefined : (
            <Button onClick={() => setBody(pretty)}>Indent JSON</Button>
          )}
        </div>
      </form>
      <div role="status">
        <Row>
          {sending.error === null ? undefined : (
            <Notice tone="bad">{errorText(sending.error)}</Notice>
          )}
          {sending.data?.results.map((result) => (
            <Notice key={result.node} tone={result.ok ? 'good' : 'bad'}>
              {result.ok ? `Published to ${result.node}` : `${result.node}: ${result.error}`}
              {sent > 1 && result.ok ? ` (${sent} so far)` : ''}
            </Notice>
          ))}
        </Row>
      </div>
    </Panel>
  )
}
