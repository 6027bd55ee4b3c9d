// Asks before something is done, has it done, and says what came of it on each node.

import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent, type ReactNode } from 'react'

import type { ActionResult, BulkResult, NodeResult } from '../../../src/api.ts'
import { Dialog, DialogButtons } from './dialog.tsx'
import styles from './dialog.module.css'
import { Badge, Button, Field, Notice, errorText, inputClass } from './ui.tsx'

export interface Action {
  readonly title: string
  readonly text: ReactNode
  /** On the button. */
  readonly verb: string
  /** What must be typed first, for what can't be undone. */
  readonly typed?: string
  readonly run: () => Promise<ActionResult | BulkResult>
  /** After it worked and the result was seen. */
  readonly onDone?: (() => void) | undefined
}

interface Outcome {
  readonly results: readonly NodeResult[]
  readonly message: string
}

type State =
  | { readonly kind: 'asking'; readonly error?: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly outcome: Outcome }

/** Of a bulk action, the name of each target stands before the node. */
function outcomeOf(result: ActionResult | BulkResult): Outcome {
  if (!('targets' in result)) return result
  const results = result.targets.flatMap(({ topic, channel, message, results: nodes }) => {
    const name = channel === undefined ? topic : `${topic}/${channel}`
    const named = nodes.map((one) => ({ ...one, node: `${name} on ${one.node}` }))
    const isSaid = message === '' || named.some(({ ok }) => !ok)
    return isSaid ? named : [...named, { node: name, ok: false, error: message }]
  })
  return { results, message: result.message }
}

interface ActionDialogProps {
  readonly action: Action
  readonly onClose: () => void
}

export function ActionDialog({ action, onClose }: ActionDialogProps) {
  const [state, setState] = useState<State>({ kind: 'asking' })
  const queries = useQueryClient()

  const run = async (): Promise<void> => {
    setState({ kind: 'running' })
    try {
      const result = await action.run()
      setState({ kind: 'done', outcome: outcomeOf(result) })
    } catch (error) {
      setState({ kind: 'asking', error: errorText(error) })
    }
    void queries.invalidateQueries({ predicate: (query) => query.meta?.['live'] === true })
  }
  const close = (): void => {
    onClose()
    if (state.kind === 'done') action.onDone?.()
  }

  return (
    <Dialog title={action.title} onClose={close}>
      {state.kind === 'done' ? (
        <Results outcome={state.outcome} onClose={close} />
      ) : (
        <Question action={action} state={state} onRun={() => void run()} onClose={close} />
      )}
    </Dialog>
  )
}

interface QuestionProps {
  readonly action: Action
  readonly state: Exclude<State, { kind: 'done' }>
  readonly onRun: () => void
  readonly onClose: () => void
}

function Question({ action, state, onRun, onClose }: QuestionProps) {
  const [typed, setTyped] = useState('')
  const isRunning = state.kind === 'running'
  const isTyped = action.typed === undefined || typed === action.typed
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isTyped && !isRunning) onRun()
  }
  return (
    <form onSubmit={submit}>
      <div className={styles['question']}>
        <p>{action.text}</p>
        {action.typed === undefined ? undefined : (
          <Field label={`Type ${action.typed} to confirm`}>
            <input
              className={inputClass}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
        )}
        {state.kind === 'asking' && state.error !== undefined ? (
          <Notice tone="bad">{state.error}</Notice>
        ) : undefined}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            kind={action.typed === undefined ? 'primary' : 'dangerSolid'}
            disabled={!isTyped || isRunning}
          >
            {isRunning ? 'Working…' : action.verb}
          </Button>
        </DialogButtons>
      </div>
    </form>
  )
}

function Results({
  outcome,
  onClose,
}: {
  readonly outcome: Outcome
  readonly onClose: () => void
}) {
  const { results, message } = outcome
  const failed = results.filter(({ ok }) => !ok).length
  const isGood = failed === 0 && message === ''
  return (
    <>
      <div role="status">
        <Notice tone={isGood ? 'good' : 'warn'}>
          {failed === 0
            ? `Done: ${results.length} of ${results.length}.`
            : `Failed: ${failed} of ${results.length}.`}
          {message === '' ? '' : `\n${message}`}
        </Notice>
      </div>
      <ul className={styles['results']}>
        {results.map(({ node, ok, error }, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- two results of one node may be alike
          <li key={`${node} ${i}`} className={styles['result']}>
            <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'ok' : 'failed'}</Badge>
            <span>{node}</span>
            {error === undefined ? undefined : <span className={styles['error']}>{error}</span>}
          </li>
        ))}
      </ul>
      <DialogButtons>
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the button that was pressed is gone */}
        <Button kind="primary" onClick={onClose} autoFocus>
          Close
        </Button>
      </DialogButtons>
    </>
  )
}
