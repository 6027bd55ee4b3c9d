import type { Role, Session } from '../../../src/api.ts'

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

/** Whether somebody may see what a role may see. */
export function maySee(session: Session, role: Role): boolean {
  return session.role !== undefined && RANK[session.role] >= RANK[role]
}

/** Whether somebody may act as a role may. In a read-only nsqadmin nobody acts. */
export function may(session: Session, role: Role): boolean {
  return !session.read_only && maySee(session, role)
}
