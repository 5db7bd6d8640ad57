import { type AdminAppDeps, buildAdminApp } from '../admin-app.ts'
import { type Factor, findDelivering } from '../core/challenge/factor.ts'
import type { Limits } from '../core/limits.ts'
import { canonicalPhone, parsePhone } from '../factors/sms/phone-number.ts'
import type { Settings } from '../settings/schema.ts'
import { createAuditReport } from '../store/audit/report.ts'
import type { Database } from '../store/database.ts'
import { createSessionStore } from '../store/sessions/index.ts'
import { createUserAdmin } from '../store/users/admin.ts'
import { createAdminKeyStore } from '../store/users/admin-keys.ts'

/** What the admin API is made of besides settings. */
export interface AdminParts extends Pick<AdminAppDeps, 'journal' | 'http' | 'issuer' | 'passwords' | 'passwordPolicy'> {
  database: Database
  factors: readonly Factor[]
  limits: Limits
}

/** The admin API on its own listener, or nothing where no port was set. */
export interface Admin {
  /** Resolves when it listens. */
  listen(): Promise<void>
  /** Resolves when the last answer is out. */
  close(): Promise<void>
}

/** Puts the admin API together, from settings that were checked. */
export const createAdmin = async (
  { ADMIN_PORT: port, ADMIN_HOST: host }: Pick<Settings, 'ADMIN_PORT' | 'ADMIN_HOST'>,
  { database, factors, limits, ...parts }: AdminParts,
): Promise<Admin> => {
  if (port === undefined) return { listen: async () => {}, close: async () => {} }
  const report = createAuditReport(database)
  const app = await buildAdminApp({
    ...parts,
    keys: createAdminKeyStore(database),
    users: createUserAdmin(database),
    sessions: createSessionStore(database, limits),
    auditOf: (userId, range) => report.ofUser({ userId }, range),
    parsePhone,
    canonicalPhone,
    factor: findDelivering(factors)!,
  })
  return {
    async listen() {
      const address = await app.listen({ host, port })
      parts.http.logger.info({ event: 'admin_listening', address }, `admin API on ${address}`)
    },
    close: async () => {
      await app.close()
    },
  }
}
