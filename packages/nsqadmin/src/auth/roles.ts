import type { Role } from '../api.ts'

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[]

/** Whether who has one role may do what another is needed for. */
export function isAtLeast(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed)
}
