import { useEffect, useRef, type ReactNode } from 'react'

import styles from './page.module.css'
import { Link } from './ui.tsx'

interface PageProps {
  readonly title: string
  /** Beside the title: labels such as `paused`. */
  readonly labels?: ReactNode
  readonly actions?: ReactNode
  /** The way here, outermost first; the page itself is its last. */
  readonly trail?: readonly { readonly label: string; readonly to: string }[]
  readonly children: ReactNode
}

/** The first page's start the browser announces itself. */
let isFirstPage = true

/** A page's title, the way to it and what can be done. A reader lands on the title when a page opens. */
export function Page({ title, labels, actions, trail, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · nsqadmin`
    if (!isFirstPage) heading.current?.focus()
    isFirstPage = false
  }, [title])
  return (
    <div className={styles['page']}>
      {trail === undefined ? undefined : (
        <nav aria-label="Breadcrumb">
          <ol className={styles['trail']}>
            {trail.map(({ label, to }) => (
              <li key={to}>
                <Link to={to}>{label}</Link>
              </li>
            ))}
            <li aria-current="page">{title}</li>
          </ol>
        </nav>
      )}
      <div className={styles['head']}>
        <div className={styles['title']}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {labels}
        </div>
        {actions === undefined ? undefined : <div className={styles['actions']}>{actions}</div>}
      </div>
      {children}
    </div>
  )
}

interface SectionProps {
  readonly title: string
  readonly aside?: ReactNode
  readonly children: ReactNode
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className={styles['section']}>
      <div className={styles['head']}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}
