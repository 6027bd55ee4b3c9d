// The page's pulse: at each one the live queries are asked again. Nothing is asked while nobody looks.

import { useQueryClient } from '@tanstack/react-query'
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useEffectEvent,
  useMemo,
  useState,
  type ReactNode,
} from 'react'

import { apiUrl } from '../api/client.ts'
import { isDueOnSample, parseRefresh, timerMs, type RefreshSeconds } from '../lib/refresh.ts'
import { store, stored } from './stored.ts'

const KEY = 'tsq.refresh'

interface Refresh {
  readonly seconds: RefreshSeconds
  readonly choose: (seconds: RefreshSeconds) => void
  readonly now: () => void
  /** Whether the server tells us of new samples. */
  readonly isConnected: boolean
}

const Context = createContext<Refresh | undefined>(undefined)

export function useRefresh(): Refresh {
  const refresh = useContext(Context)
  if (refresh === undefined) throw new Error('useRefresh is used outside RefreshProvider')
  return refresh
}

function useIsVisible(): boolean {
  const [isVisible, setIsVisible] = useState(!document.hidden)
  useEffect(() => {
    const changed = (): void => setIsVisible(!document.hidden)
    document.addEventListener('visibilitychange', changed)
    return () => document.removeEventListener('visibilitychange', changed)
  }, [])
  return isVisible
}

/** Calls back at each new sample while it is on; says whether the connection stands. */
function useSamples(isOn: boolean, onSample: () => void): boolean {
  const [isConnected, setIsConnected] = useState(false)
  const sampled = useEffectEvent(onSample)
  useEffect(() => {
    if (!isOn) return
    const events = new EventSource(apiUrl('/events'))
    events.addEventListener('open', () => setIsConnected(true))
    // The browser connects again by itself.
    events.addEventListener('error', () => setIsConnected(false))
    events.addEventListener('sample', () => sampled())
    return () => {
      events.close()
      setIsConnected(false)
    }
  }, [isOn])
  return isConnected
}

export function RefreshProvider({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient()
  const [seconds, setSeconds] = useState(() => parseRefresh(stored(KEY)))
  const [lastPulse, setLastPulse] = useState(() => Date.now())
  const isVisible = useIsVisible()
  const isOn = seconds > 0 && isVisible

  const now = useCallback(() => {
    setLastPulse(Date.now())
    // What is still under way is let finish: a slow node must not be asked ever again.
    void queries.invalidateQueries(
      { predicate: (query) => query.meta?.['live'] === true, refetchType: 'active' },
      { cancelRefetch: false },
    )
  }, [queries])

  const isConnected = useSamples(isOn, () => {
    if (isDueOnSample(seconds, Date.now() - lastPulse)) now()
  })

  useEffect(() => {
    const delay = timerMs(seconds, isConnected)
    if (!isOn || delay === undefined) return
    const timer = setTimeout(now, Math.max(0, delay - (Date.now() - lastPulse)))
    return () => clearTimeout(timer)
  }, [isOn, seconds, isConnected, lastPulse, now])

  const value = useMemo(() => {
    const choose = (next: RefreshSeconds): void => {
      store(KEY, String(next))
      setSeconds(next)
    }
    return { seconds, choose, now, isConnected }
  }, [seconds, now, isConnected])
  return <Context value={value}>{children}</Context>
}
