// One message: what is known of it, and its body as JSON, text or bytes. Always text, whatever is in it.

import { useMemo, useState, type ReactNode } from 'react'

import type { TailedMessage } from '../../../src/api.ts'
import { readBody, showBody, type BodyFormat } from '../lib/body.ts'
import { formatBytes, formatDate, millisecondsOf } from '../lib/format.ts'
import styles from './messages.module.css'
import { Button, classes, Segments } from './ui.tsx'

const LABELS = { json: 'JSON', text: 'Text', hex: 'Hex' } as const

interface MessageProps {
  readonly message: TailedMessage
  readonly labels?: ReactNode
}

export function Message({ message, labels }: MessageProps) {
  const { body_base64: base64, truncated } = message
  const body = useMemo(() => readBody(base64, truncated), [base64, truncated])
  const [chosen, setChosen] = useState<BodyFormat>()
  const format = body.formats.find((one) => one === chosen) ?? body.formats[0]!
  const shown = useMemo(() => showBody(body, format), [body, format])
  return (
    <li className={styles['message']}>
      <div className={styles['head']}>
        {labels}
        <code>{message.id}</code>
        <span>{formatDate(millisecondsOf(message.timestamp_ns))}</span>
        <span>attempts {message.attempts}</span>
        <span>{formatBytes(message.body_bytes)}</span>
        <span>{message.node}</span>
        <span className={styles['formats']}>
          <Segments
            label="Show the body as"
            value={format}
            choices={body.formats.map((value) => ({ value, label: LABELS[value] }))}
            onChoose={setChosen}
          />{' '}
          {/* Browsers give the clipboard only to pages that came over HTTPS or from this machine. */}
          {'clipboard' in navigator ? (
            <Button kind="quiet" onClick={() => void navigator.clipboard.writeText(shown)}>
              Copy
            </Button>
          ) : undefined}
        </span>
      </div>
      {/* Scrolled by keyboard as well, hence the tab stop. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={classes(styles['body'], format === 'hex' && styles['hex'])} tabIndex={0}>
        {shown}
        {truncated ? `\n… the first ${formatBytes(body.bytes.length)} of it` : ''}
      </pre>
    </li>
  )
}

export function MessageList({ children }: { readonly children: ReactNode }) {
  return <ul className={styles['list']}>{children}</ul>
}
