import type { AdminRoute } from './admin-route.ts'
import { createUser } from './create-user.ts'
import { disableUser } from './disable-user.ts'
import { enableUser } from './enable-user.ts'
import { endSessions } from './end-sessions.ts'
import { getUser } from './get-user.ts'
import { listAudit } from './list-audit.ts'
import { listSessions } from './list-sessions.ts'
import { listUsers } from './list-users.ts'
import { resetFactor } from './reset-factor.ts'

/** All admin routes. To add a route, add its file and a line here. */
export const adminRoutes: readonly AdminRoute[] = [
  createUser,
  listUsers,
  getUser,
  disableUser,
  enableUser,
  resetFactor,
  listSessions,
  endSessions,
  listAudit,
]
