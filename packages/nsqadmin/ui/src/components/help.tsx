import { GO_KEYS } from '../lib/shortcuts.ts'
import { useSession } from '../state/session.tsx'
import { Dialog, DialogButtons } from './dialog.tsx'
import styles from './dialog.module.css'
import { Button } from './ui.tsx'

export function Help({ onClose }: { readonly onClose: () => void }) {
  const { version } = useSession()
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className={styles['keys']}>
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>Filter what is shown</dd>
        {Object.entries(GO_KEYS).map(([key, { label }]) => (
          <Key key={key} letter={key} label={label} />
        ))}
        <dt>
          <kbd>r</kbd>
        </dt>
        <dd>Refresh now</dd>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>This help</dd>
      </dl>
      <p>
        nsqadmin {version} ·{' '}
        <a href="https://nsq.io/overview/quick_start.html">NSQ documentation</a>
      </p>
      <DialogButtons>
        <Button onClick={onClose}>Close</Button>
      </DialogButtons>
    </Dialog>
  )
}

function Key({ letter, label }: { readonly letter: string; readonly label: string }) {
  return (
    <>
      <dt>
        <kbd>g</kbd> <kbd>{letter}</kbd>
      </dt>
      <dd>{label}</dd>
    </>
  )
}
