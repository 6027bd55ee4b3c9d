import { useEffect, useState } from 'react'

import { store, stored } from './stored.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'tsq.theme' // public/theme.js reads it too
const darkSystem = matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme {
  return THEMES.find((theme) => theme === stored(KEY)) ?? 'system'
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(chosen)
  const choose = (next: Theme): void => {
    store(KEY, next)
    if (next === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
    setTheme(next)
    dispatchEvent(new Event('tsq-theme'))
  }
  return [theme, choose]
}

/** Grows when the colours changed, for what reads them itself: charts. */
export function useThemeChanges(): number {
  const [changes, setChanges] = useState(0)
  useEffect(() => {
    const changed = (): void => setChanges((count) => count + 1)
    addEventListener('tsq-theme', changed)
    darkSystem.addEventListener('change', changed)
    return () => {
      removeEventListener('tsq-theme', changed)
      darkSystem.removeEventListener('change', changed)
    }
  }, [])
  return changes
}
