// The buttons that act on many topics, or many channels of one, at once.

import type { BulkRequest } from '../../../src/api.ts'
import { actOnMany, type Queue } from '../api/actions.ts'
import { formatCount, plural } from '../lib/format.ts'
import { useAsk } from '../state/ask.tsx'
import { useMay } from '../state/session.tsx'
import type { Action } from './action-dialog.tsx'
import { Button, Row } from './ui.tsx'

/** As many as one bulk request takes. */
const BULK_LIMIT = 1000

interface BulkActionsProps {
  readonly kind: 'topic' | 'channel'
  readonly targets: readonly Queue[]
  readonly onDone: () => void
}

export function BulkActions({ kind, targets, onDone }: BulkActionsProps) {
  const ask = useAsk()
  const mayDelete = useMay('admin')
  const isTooMany = targets.length > BULK_LIMIT
  const button = (action: BulkRequest['action'], isLoss: boolean) => (
    <Button
      kind={isLoss ? 'danger' : 'plain'}
      disabled={isTooMany}
      onClick={() => ask(bulkAction(action, kind, targets, onDone))}
    >
      {VERBS[action]}
    </Button>
  )
  return (
    <Row>
      <span>
        {isTooMany ? `At most ${formatCount(BULK_LIMIT)} at once` : `${targets.length} chosen`}
      </span>
      {button('pause', false)}
      {button('unpause', false)}
      {button('empty', true)}
      {mayDelete ? button('delete', true) : undefined}
    </Row>
  )
}

const VERBS = { pause: 'Pause', unpause: 'UnPause', empty: 'Empty', delete: 'Delete' } as const
/** As many names as the question lists. */
const NAMED = 5

function bulkAction(
  action: BulkRequest['action'],
  kind: BulkActionsProps['kind'],
  targets: readonly Queue[],
  onDone: () => void,
): Action {
  const count = plural(targets.length, kind)
  const isLoss = action === 'empty' || action === 'delete'
  const names = targets.slice(0, NAMED).map(({ topic, channel }) => channel ?? topic)
  const rest = targets.length > NAMED ? ` and ${targets.length - NAMED} more` : ''
  const warning = isLoss ? " Their messages are lost; this can't be undone." : ''
  return {
    title: `${VERBS[action]} ${count}?`,
    text: `${names.join(', ')}${rest}.${warning}`,
    verb: `${VERBS[action]} ${count}`,
    ...(isLoss && { typed: `${action} ${targets.length}` }),
    run: () => actOnMany({ action, targets }),
    onDone,
  }
}
