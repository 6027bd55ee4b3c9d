import type { Route } from '@tsq/daemon'

import type { Audit } from '../actions/audit.ts'
import type { AuditLog } from '../api.ts'
import type { Gatekeeper } from '../auth/gatekeeper.ts'

/** `GET /api/audit`: the last actions. It names people, so viewers are not shown it. */
export function auditRoutes(audit: Audit, gatekeeper: Gatekeeper): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/audit',
      guard: (request) => void gatekeeper.mayRead(request, 'operator'),
      handle: (): AuditLog => ({
        entries: audit.entries,
        message: audit.lost === 0 ? '' : `WARNING: ${audit.lost} lines are missing in the file`,
      }),
    },
  ]
}
