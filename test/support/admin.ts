import type { InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { type AdminAppDeps, buildAdminApp } from '../../src/admin-app.ts'
import { hashAdminKey, newAdminKey } from '../../src/core/account/admin-key.ts'
import { ADMIN_SCOPES, type AdminScope } from '../../src/core/account/admin-ports.ts'
import { createJournal } from '../../src/core/audit/journal.ts'
import { findDelivering } from '../../src/core/challenge/factor.ts'
import { limitsFor } from '../../src/core/limits.ts'
import { Problem } from '../../src/errors.ts'
import { canonicalPhone, parsePhone } from '../../src/factors/sms/phone-number.ts'
import { hashPassword } from '../../src/passwords/argon2id.ts'
import { createPasswordPolicy } from '../../src/passwords/policy.ts'
import { createLogger } from '../../src/start/logger.ts'
import { createAuditReport } from '../../src/store/audit/report.ts'
import { createSessionStore } from '../../src/store/sessions/index.ts'
import { createUserAdmin } from '../../src/store/users/admin.ts'
import { createAdminKeyStore } from '../../src/store/users/admin-keys.ts'
import { type Answer, CHEAP, createWorld, ISSUER, type WorldOptions } from './app.ts'
import { type ApiDocument, checkAnswer } from './openapi-check.ts'

/** A number to which the test server sends no codes. */
export const REFUSED_PHONE = '+442079460958'

/** An id that no user or session has. */
export const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000'

/** The parts of the admin app that a test may replace. */
type AdminChanges = Partial<Omit<AdminAppDeps, 'http'>> & { http?: Partial<AdminAppDeps['http']> }

/** Builds a world with an admin app on the same database, whose responses are checked like all others. */
export const createAdminWorld = async (
  t: Test,
  { admin: changes = {}, ...options }: WorldOptions & { admin?: AdminChanges } = {},
) => {
  const world = await createWorld(t, options)
  const { database, audit, logged } = world
  const report = createAuditReport(database)
  const keys = createAdminKeyStore(database)
  const logger = createLogger('trace', { write: (line: string) => void logged.push(line) })
  const sms = findDelivering(world.factors)!
  const assertAllowed = (phone: string) => {
    if (phone === REFUSED_PHONE) throw new Problem('destination_not_allowed')
  }
  const app = await buildAdminApp({
    keys,
    users: createUserAdmin(database),
    sessions: createSessionStore(database, limitsFor()),
    auditOf: (userId, range) => report.ofUser({ userId }, range),
    parsePhone,
    canonicalPhone,
    factor: { ...sms, delivery: { ...sms.delivery, assertAllowed } },
    passwordPolicy: createPasswordPolicy({ serviceName: 'Example', onUnavailable: () => {} }),
    passwords: { hash: (password) => hashPassword(password, CHEAP) },
    journal: createJournal({ audit, log: (line, event) => logger.info(line, event), now: Date.now }),
    issuer: ISSUER,
    ...changes,
    http: {
      version: '0.0.0',
      logger,
      trustProxy: ['127.0.0.1'],
      rateLimit: false,
      ...changes.http,
    },
  })
  t.teardown(() => app.close())
  const document = (await app.inject('/openapi.json')).json() as ApiDocument

  /** Creates a key with these scopes, by default with all. */
  const newKey = async (scopes: readonly AdminScope[] = ADMIN_SCOPES, name = 'test'): Promise<string> => {
    const key = newAdminKey()
    world.keepSecret(key)
    await keys.add({ name, scopes, hash: hashAdminKey(key), days: 1 })
    return key
  }
  const key = await newKey()

  const call = async (request: InjectOptions, withKey: string | null = key): Promise<Answer> => {
    const headers = { ...(withKey !== null && { authorization: `Bearer ${withKey}` }), ...request.headers }
    const { password } = (request.payload ?? {}) as { password?: unknown }
    if (typeof password === 'string' && password.length > 3) world.keepSecret(password)
    const response = await app.inject({ ...request, headers })
    const fault = checkAnswer(document, request, response)
    if (fault) t.fail(fault)
    const isJson = /json/.test(String(response.headers['content-type']))
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      body: isJson ? response.json() : response.body,
    }
  }

  return {
    ...world,
    admin: {
      app,
      keys,
      key,
      newKey,
      call,
      get: (url: string, withKey?: string | null) => call({ method: 'GET', url }, withKey),
      post: (url: string, payload?: object, withKey?: string | null) =>
        call({ method: 'POST', url, ...(payload && { payload }) }, withKey),
      remove: (url: string, withKey?: string | null) => call({ method: 'DELETE', url }, withKey),
      /** Returns the admin calls in the audit trail, oldest first. */
      async audited() {
        await audit.drain()
        return world.sql(
          `select event, user_id, address, request_id, facts from audit_events
           where event in ('admin_call', 'admin_refused') order by audit_event_id`,
        )
      },
    },
  }
}
