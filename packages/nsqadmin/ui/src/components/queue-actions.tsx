// The buttons that act on a topic or a channel, for those who may.

import { useState } from 'react'

import { act, type Queue, type QueueAction } from '../api/actions.ts'
import { useMay } from '../state/session.tsx'
import { ActionDialog, type Action } from './action-dialog.tsx'
import { Button } from './ui.tsx'

interface QueueActionsProps {
  readonly queue: Queue
  readonly isPaused: boolean
  readonly onDeleted: () => void
}

export function QueueActions({ queue, isPaused, onDeleted }: QueueActionsProps) {
  const [asked, setAsked] = useState<QueueAction>()
  const mayAct = useMay('operator')
  const mayDelete = useMay('admin')
  const kind = queue.channel === undefined ? 'Topic' : 'Channel'
  if (!mayAct) return undefined
  return (
    <>
      <Button onClick={() => setAsked(isPaused ? 'unpause' : 'pause')}>
        {isPaused ? 'UnPause' : 'Pause'} {kind}
      </Button>
      <Button kind="danger" onClick={() => setAsked('empty')}>
        Empty Queue
      </Button>
      {mayDelete ? (
        <Button kind="danger" onClick={() => setAsked('delete')}>
          Delete {kind}
        </Button>
      ) : undefined}
      {asked === undefined ? undefined : (
        <ActionDialog
          action={queueAction(asked, queue, onDeleted)}
          onClose={() => setAsked(undefined)}
        />
      )}
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
