// What stands around every page: the way to the others, how often it asks again, the colours, and the keys.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react'

import type { Role } from '../../../src/api.ts'
import { logOut } from '../api/actions.ts'
import { sessionQuery } from '../api/queries.ts'
import { parseRefresh, REFRESH_CHOICES } from '../lib/refresh.ts'
import { maySee } from '../lib/roles.ts'
import type { Route } from '../lib/routes.ts'
import { nextKey, type KeyState } from '../lib/shortcuts.ts'
import { navigate, useRoute } from '../state/location.ts'
import { useRefresh } from '../state/refresh.tsx'
import { useSession } from '../state/session.tsx'
import { THEMES, useTheme } from '../state/theme.ts'
import { Help } from './help.tsx'
import styles from './shell.module.css'
import { Badge, Button, Link } from './ui.tsx'

interface PageLink {
  readonly to: string
  readonly label: string
  /** The pages that belong to it. */
  readonly pages: readonly Route['page'][]
  /** Who sees it; everybody when left out. */
  readonly role?: Role
}

const PAGES: readonly PageLink[] = [
  { to: '/', label: 'Overview', pages: ['overview'] },
  { to: '/topics', label: 'Topics', pages: ['topics', 'topic', 'channel'] },
  { to: '/nodes', label: 'Nodes', pages: ['nodes', 'node'] },
  { to: '/counter', label: 'Counter', pages: ['counter'] },
  { to: '/lookup', label: 'Lookup', pages: ['lookup'] },
  { to: '/audit', label: 'Audit log', pages: ['audit'], role: 'operator' },
]

export function Shell({ children }: { readonly children: ReactNode }) {
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  const session = useSession()
  const { page } = useRoute()
  const shown = PAGES.filter(({ role = 'viewer' }) => maySee(session, role))
  useKeys(() => setIsHelpOpen(true))
  return (
    <>
      <a href="#main" className={styles['skip']}>
        Skip to content
      </a>
      <header className={styles['header']}>
        <div className={styles['inner']}>
          <Link to="/" className={styles['brand']}>
            <Logo />
            NSQ
          </Link>
          <nav aria-label="Pages" className={styles['nav']}>
            {shown.map(({ to, label, pages }) => (
              <Link key={to} to={to} isCurrent={pages.includes(page)}>
                {label}
              </Link>
            ))}
          </nav>
          <div className={styles['tools']}>
            {session.read_only ? <Badge tone="warn">read only</Badge> : undefined}
            <RefreshChoice />
            <ThemeChoice />
            <Button kind="quiet" onClick={() => setIsHelpOpen(true)} aria-label="Help: keys">
              ?
            </Button>
            <User />
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} className={styles['main']}>
        {children}
      </main>
      {isHelpOpen ? <Help onClose={() => setIsHelpOpen(false)} /> : undefined}
    </>
  )
}

function Logo() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <g fill="#fff">
        <rect x="7" y="8" width="18" height="4" rx="2" />
        <rect x="7" y="14" width="13" height="4" rx="2" />
        <rect x="7" y="20" width="7" height="4" rx="2" />
      </g>
    </svg>
  )
}

function RefreshChoice() {
  const { seconds, choose, isConnected } = useRefresh()
  const state = isConnected ? 'Live: the server tells of new samples' : 'Asks by itself'
  return (
    <>
      <span
        className={styles['dot']}
        data-live={isConnected || undefined}
        title={seconds === 0 ? 'Refresh is off' : state}
      />
      <select
        aria-label="Refresh"
        value={seconds}
        onChange={(event) => choose(parseRefresh(event.target.value))}
      >
        {REFRESH_CHOICES.map((choice) => (
          <option key={choice} value={choice}>
            {choice === 0 ? 'Refresh off' : `Every ${choice} s`}
          </option>
        ))}
      </select>
    </>
  )
}

const THEME_LABELS = { system: 'System', light: 'Light', dark: 'Dark' } as const

function ThemeChoice() {
  const [theme, choose] = useTheme()
  return (
    <select
      aria-label="Colours"
      value={theme}
      onChange={(event) => choose(THEMES.find((one) => one === event.target.value) ?? 'system')}
    >
      {THEMES.map((one) => (
        <option key={one} value={one}>
          {THEME_LABELS[one]}
        </option>
      ))}
    </select>
  )
}

function User() {
  const { user, role, mode } = useSession()
  const queries = useQueryClient()
  if (user === '') return undefined
  const leave = async (): Promise<void> => {
    await logOut().catch(() => undefined)
    await queries.invalidateQueries(sessionQuery)
    // The next one to log in may not see what this one saw.
    queries.removeQueries({ predicate: ({ queryKey: [name] }) => name !== 'session' })
  }
  return (
    <>
      <span className={styles['user']} title={`Role: ${role}`}>
        {user}
      </span>
      {mode === 'login' ? (
        <Button kind="quiet" onClick={() => void leave()}>
          Log out
        </Button>
      ) : undefined}
    </>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, dialog') !== null
}

function useKeys(onHelp: () => void): void {
  const { now } = useRefresh()
  const state = useRef<KeyState>({})
  const onKey = useEffectEvent((event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const { state: next, shortcut } = nextKey(state.current, event.key, event.timeStamp)
    state.current = next
    if (shortcut === undefined) return
    event.preventDefault()
    if (shortcut.kind === 'go') navigate(shortcut.path)
    else if (shortcut.kind === 'help') onHelp()
    else if (shortcut.kind === 'refresh') now()
    else document.querySelector<HTMLElement>('[data-search]')?.focus()
  })
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => onKey(event)
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [])
}
