// Where one is, and going elsewhere, below the base path.

import { useCallback } from 'react'
import { navigate as navigateTo, usePathname, useSearch } from 'wouter/use-browser-location'

import { basePath } from '../api/base-path.ts'
import { parseRoute, withoutBase, type Route } from '../lib/routes.ts'
import { changedSearch } from '../lib/table-state.ts'

export function useRoute(): Route {
  return parseRoute(withoutBase(usePathname(), basePath))
}

export function navigate(path: string): void {
  navigateTo(basePath + path)
}

export type ParamChanges = Readonly<Record<string, string | undefined>>

/** The address's parameters, and a way to change some of them without a new entry in the history. */
export function useParams(): [URLSearchParams, (changes: ParamChanges) => void] {
  const search = useSearch()
  const change = useCallback((changes: ParamChanges) => {
    navigateTo(location.pathname + changedSearch(location.search, changes), { replace: true })
  }, [])
  return [new URLSearchParams(search), change]
}
