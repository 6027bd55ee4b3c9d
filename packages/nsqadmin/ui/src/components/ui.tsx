// The small parts every page is made of.

import type { ButtonHTMLAttributes, MouseEvent, ReactNode } from 'react'

import { basePath } from '../api/base-path.ts'
import { ApiFailure } from '../api/client.ts'
import { navigate } from '../state/location.ts'
import styles from './ui.module.css'

/** Class names, without those that do not apply. */
export function classes(...names: readonly (string | false | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}

interface LinkProps {
  /** A path of the page, without the base path. */
  readonly to: string
  readonly children: ReactNode
  readonly className?: string | undefined
  readonly isCurrent?: boolean
  readonly title?: string | undefined
}

/** Goes in place; a click that asks for a new tab or window is left to the browser. */
export function Link({ to, children, className, isCurrent = false, title }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0)
      return
    event.preventDefault()
    navigate(to)
  }
  return (
    <a
      href={basePath + to}
      onClick={follow}
      className={className}
      title={title}
      aria-current={isCurrent ? 'page' : undefined}
    >
      {children}
    </a>
  )
}

type ButtonKind = 'plain' | 'primary' | 'danger' | 'dangerSolid' | 'quiet'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind
}

export function Button({ kind = 'plain', className, type = 'button', ...rest }: ButtonProps) {
  const look = kind === 'plain' ? undefined : styles[kind]
  return <button type={type} className={classes(styles['button'], look, className)} {...rest} />
}

export type Tone = 'plain' | 'good' | 'warn' | 'bad'

interface BadgeProps {
  readonly tone?: Tone
  readonly title?: string | undefined
  readonly children: ReactNode
}

export function Badge({ tone = 'plain', title, children }: BadgeProps) {
  return (
    <span className={classes(styles['badge'], styles[tone])} title={title}>
      {children}
    </span>
  )
}

export function PausedLabel({ isPaused }: { readonly isPaused: boolean }) {
  return isPaused ? <Badge tone="warn">paused</Badge> : undefined
}

interface NoticeProps {
  readonly tone?: Tone
  readonly children: ReactNode
}

export function Notice({ tone = 'plain', children }: NoticeProps) {
  return (
    <div
      className={classes(styles['notice'], styles[tone])}
      role={tone === 'bad' ? 'alert' : undefined}
    >
      {children}
    </div>
  )
}

/** The server's warning, when it has one: some nodes did not answer, and the rest is shown. */
export function Warnings({ message }: { readonly message: string | undefined }) {
  return message ? <Notice tone="warn">{message}</Notice> : undefined
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

interface AskedProps<Data> {
  readonly query: {
    readonly data: Data | undefined
    readonly error: unknown
    readonly isPending: boolean
  }
  readonly children: (data: Data) => ReactNode
  /** What to say instead of the server's words when there is no such thing. */
  readonly missing?: ReactNode
}

/** What a query answered; an error beside what was known before, or in place of it. */
export function Asked<Data>({ query, children, missing }: AskedProps<Data>) {
  const { data, error } = query
  const isMissing = error instanceof ApiFailure && error.status === 404
  if (isMissing && missing !== undefined) return missing
  return (
    <>
      {error ? <Notice tone="bad">{errorText(error)}</Notice> : undefined}
      {data === undefined ? undefined : children(data)}
      {query.isPending ? (
        <p className={styles['loading']} role="status">
          Loading…
        </p>
      ) : undefined}
    </>
  )
}

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  readonly children: ReactNode
  readonly className?: string | undefined
}

/** A label with its control inside, so that they belong together without ids. */
export function Field({ label, hint, children, className }: FieldProps) {
  return (
    <label className={classes(styles['field'], className)}>
      <span className={styles['label']}>{label}</span>
      {children}
      {hint === undefined ? undefined : <span className={styles['hint']}>{hint}</span>}
    </label>
  )
}

export const inputClass = styles['input']
export const monoInputClass = classes(styles['input'], styles['mono'])

export function VisuallyHidden({ children }: { readonly children: ReactNode }) {
  return <span className={styles['visuallyHidden']}>{children}</span>
}

interface TileProps {
  readonly label: string
  readonly value: ReactNode
  readonly unit?: string
}

export function Tiles({ children }: { readonly children: ReactNode }) {
  return <dl className={styles['tiles']}>{children}</dl>
}

export function Tile({ label, value, unit }: TileProps) {
  return (
    <div className={styles['tile']}>
      <dt>{label}</dt>
      <dd>
        {value}
        {unit === undefined ? undefined : <small> {unit}</small>}
      </dd>
    </div>
  )
}

interface PanelProps {
  readonly title?: string
  readonly aside?: ReactNode
  readonly children: ReactNode
}

export function Panel({ title, aside, children }: PanelProps) {
  return (
    <section className={styles['panel']}>
      {title === undefined && aside === undefined ? undefined : (
        <div className={classes(styles['row'], styles['spread'])}>
          {title === undefined ? undefined : <h2>{title}</h2>}
          {aside}
        </div>
      )}
      {children}
    </section>
  )
}

export function Row({
  children,
  isSpread = false,
}: {
  readonly children: ReactNode
  readonly isSpread?: boolean
}) {
  return <div className={classes(styles['row'], isSpread && styles['spread'])}>{children}</div>
}

interface SegmentsProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly choices: readonly { readonly value: Value; readonly label: string }[]
  readonly onChoose: (value: Value) => void
}

/** A few choices side by side, one of them taken. */
export function Segments<Value extends string>(props: SegmentsProps<Value>) {
  return (
    <div role="group" aria-label={props.label} className={styles['segments']}>
      {props.choices.map(({ value, label }) => (
        <button
          key={value}
          type="button"
          className={styles['segment']}
          aria-pressed={value === props.value}
          onClick={() => props.onChoose(value)}
        >
          {label}
        </button>
      ))}
    </div>
  )
}

interface TabsProps {
  readonly label: string
  readonly tabs: readonly {
    readonly to: string
    readonly label: string
    readonly isCurrent: boolean
  }[]
}

/** Views of one thing, each with an address of its own; nothing where there is but one. */
export function Tabs({ label, tabs }: TabsProps) {
  if (tabs.length < 2) return undefined
  return (
    <nav aria-label={label} className={styles['tabs']}>
      {tabs.map((tab) => (
        <Link key={tab.to} to={tab.to} className={styles['tab']} isCurrent={tab.isCurrent}>
          {tab.label}
        </Link>
      ))}
    </nav>
  )
}
