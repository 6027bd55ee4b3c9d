import type { Role, Session } from '../../../src/api.ts'

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

/** Whether somebody may act as a role may. In a read-only nsqadmin nobody acts. */
export function may(session: Session, role: Role): boolean {
  if (role !== 'viewer' && session.read_only) return false
  return session.role !== undefined && RANK[session.role] >= RANK[role]
}
