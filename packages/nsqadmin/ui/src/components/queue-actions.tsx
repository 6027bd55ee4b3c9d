// The buttons that act on a topic or a channel, for those who may.

import { act, type Queue, type QueueAction } from '../api/actions.ts'
import { useAsk } from '../state/ask.tsx'
import { useMay } from '../state/session.tsx'
import type { Action } from './action-dialog.tsx'
import { Button } from './ui.tsx'

interface QueueActionsProps {
  readonly queue: Queue
  readonly isPaused: boolean
  readonly onDeleted: () => void
}

export function QueueActions({ queue, isPaused, onDeleted }: QueueActionsProps) {
  const mayAct = useMay('operator')
  const mayDelete = useMay('admin')
  const kind = queue.channel === undefined ? 'Topic' : 'Channel'
  const ask = useAsk()
  if (!mayAct) return undefined
  const askFor = (action: QueueAction): void => ask(queueAction(action, queue, onDeleted))
  return (
    <>
      <Button onClick={() => askFor(isPaused ? 'unpause' : 'pause')}>
        {isPaused ? 'UnPause' : 'Pause'} {kind}
      </Button>
      <Button kind="danger" onClick={() => askFor('empty')}>
        Empty Queue
      </Button>
      {mayDelete ? (
        <Button kind="danger" onClick={() => askFor('delete')}>
          Delete {kind}
        </Button>
      ) : undefined}
    </>
  )
}

/** What is asked before a topic or channel is acted upon. */
export function queueAction(action: QueueAction, queue: Queue, onDeleted?: () => void): Action {
  const { topic, channel } = queue
  const name = channel === undefined ? topic : `${topic}/${channel}`
  const kind = channel === undefined ? 'topic' : 'channel'
  const run = () => act(action, queue)
  switch (action) {
    case 'pause':
      return {
        title: `Pause ${name}?`,
        text:
          channel === undefined
            ? 'Messages are still taken in, and wait at the topic: no channel gets more until it is unpaused.'
            : 'Consumers of this channel get no more messages until it is unpaused. Messages wait.',
        verb: 'Pause',
        run,
      }
    case 'unpause':
      return { title: `UnPause ${name}?`, text: 'Messages flow again.', verb: 'UnPause', run }
    case 'empty':
      return {
        title: `Empty ${name}?`,
        text: `Every message that waits in this ${kind} is thrown away, on every node. This can't be undone.`,
        verb: 'Empty Queue',
        typed: channel ?? topic,
        run,
      }
    case 'delete':
      return {
        title: `Delete ${name}?`,
        text: `The ${kind} and all its messages go, on every node. This can't be undone.`,
        verb: `Delete ${kind}`,
        typed: channel ?? topic,
        run,
        onDone: onDeleted,
      }
  }
}
