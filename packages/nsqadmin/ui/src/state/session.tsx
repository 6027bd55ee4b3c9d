import { createContext, useContext } from 'react'

import type { Role, Session } from '../../../src/api.ts'
import { may } from '../lib/roles.ts'

export const SessionContext = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('useSession is used outside SessionContext')
  return session
}

export function useMay(role: Role): boolean {
  return may(useSession(), role)
}

/** Tombstones are nsqlookupd's; without one there is nothing to tombstone at. */
export function useMayTombstone(): boolean {
  const session = useSession()
  return may(session, 'admin') && session.lookupds.length > 0
}
