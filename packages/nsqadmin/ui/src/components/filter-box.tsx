import { useEffect, useState } from 'react'

import { useParams } from '../state/location.ts'
import { inputClass } from './ui.tsx'
import styles from './filter-box.module.css'

interface FilterBoxProps {
  readonly label: string
  /** Of the address, where the text is kept. */
  readonly param?: string
  readonly error?: string | undefined
}

/** Typing settles for this long before the address changes. */
const SETTLE_MS = 120

/** A filter kept in the address. `/` leads to it. */
export function FilterBox({ label, param = 'q', error }: FilterBoxProps) {
  const [params, change] = useParams()
  const kept = params.get(param) ?? ''
  const [typed, setTyped] = useState(kept)
  const [seen, setSeen] = useState(kept)
  // The address changed by itself: a link, or back and forward.
  if (kept !== seen) {
    setSeen(kept)
    setTyped(kept)
  }
  useEffect(() => {
    if (typed === kept) return
    const timer = setTimeout(() => {
      setSeen(typed)
      change({ [param]: typed, page: undefined })
    }, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [typed, kept, param, change])
  return (
    <span className={styles['box']}>
      <input
        type="search"
        data-search=""
        className={inputClass}
        aria-label={label}
        placeholder={`${label}: words or /regex/`}
        aria-invalid={error !== undefined}
        title={error}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      {error === undefined ? undefined : <span className={styles['error']}>{error}</span>}
    </span>
  )
}
