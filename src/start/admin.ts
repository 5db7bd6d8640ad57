import { type AdminAppDeps, buildAdminApp } from '../admin-app.ts'
import { type Factor, findDelivering } from '../core/challenge/factor.ts'
import type { Limits } from '../core/limits.ts'
import { canonicalPhone, parsePhone } from '../factors/sms/phone-number.ts'
import { createAuditReport } from '../store/audit/report.ts'
import type { Database } from '../store/database.ts'
import { createSessionStore } from '../store/sessions/index.ts'
import { createUserAdmin } from '../store/users/admin.ts'
import { createAdminKeyStore } from '../store/users/admin-keys.ts'
import type { CloseTogether } from './closing.ts'
import type { Foundation } from './foundation.ts'

/** Dependencies of the admin API besides the foundation. */
export interface AdminParts extends Pick<AdminAppDeps, 'journal' | 'http' | 'passwords' | 'passwordPolicy'> {
  database: Database
  factors: readonly Factor[]
  limits: Limits
}

/** Builds the admin API with its own listener. `listen` opens the socket; it does nothing if no port is set. */
export const openAdmin = async (
  serving: CloseTogether,
  { settings: { ADMIN_PORT: port, ADMIN_HOST: host }, issuer, logger }: Foundation,
  { database, factors, limits, journal, http, passwords, passwordPolicy }: AdminParts,
): Promise<{ listen: () => Promise<void> }> => {
  if (port === undefined) return { listen: async () => {} }
  const report = createAuditReport(database)
  const app = await buildAdminApp({
    journal,
    http,
    issuer,
    passwords,
    passwordPolicy,
    keys: createAdminKeyStore(database),
    users: createUserAdmin(database),
    sessions: createSessionStore(database, limits),
    auditOf: (userId, range) => report.ofUser({ userId }, range),
    parsePhone,
    canonicalPhone,
    factor: findDelivering(factors)!,
  })
  serving.defer(() => app.close())
  return {
    async listen() {
      const address = await app.listen({ host, port })
      logger.info({ event: 'admin_listening', address }, `admin API on ${address}`)
    },
  }
}
