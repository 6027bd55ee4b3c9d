// Keys that do something wherever one is: `/`, `?`, and `g` followed by a letter.

export type Shortcut =
  { readonly kind: 'go'; readonly path: string } | { readonly kind: 'search' | 'help' | 'refresh' }

export const GO_KEYS: Readonly<Record<string, { readonly path: string; readonly label: string }>> =
  {
    o: { path: '/', label: 'Overview' },
    t: { path: '/topics', label: 'Topics' },
    n: { path: '/nodes', label: 'Nodes' },
    c: { path: '/counter', label: 'Counter' },
    l: { path: '/lookup', label: 'Lookup' },
    a: { path: '/audit', label: 'Audit log' },
  }

/** How long after `g` its letter may come. */
const GO_WITHIN_MS = 1500

export interface KeyState {
  /** When `g` was pressed; undefined when it was not. */
  readonly goSince?: number
}

/** What a key means after the keys before it. */
export function nextKey(
  state: KeyState,
  key: string,
  atMs: number,
): { readonly state: KeyState; readonly shortcut?: Shortcut } {
  if (state.goSince !== undefined && atMs - state.goSince <= GO_WITHIN_MS) {
    const target = Object.hasOwn(GO_KEYS, key) ? GO_KEYS[key] : undefined
    return target === undefined
      ? { state: {} }
      : { state: {}, shortcut: { kind: 'go', path: target.path } }
  }
  if (key === 'g') return { state: { goSince: atMs } }
  if (key === '/') return { state: {}, shortcut: { kind: 'search' } }
  if (key === '?') return { state: {}, shortcut: { kind: 'help' } }
  if (key === 'r') return { state: {}, shortcut: { kind: 'refresh' } }
  return { state: {} }
}
