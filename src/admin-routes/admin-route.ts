import type { preValidationAsyncHookHandler } from 'fastify'
import type { AddUser } from '../core/account/add-user.ts'
import type { AdminScope, AuditedEvent, UserAdmin } from '../core/account/admin-ports.ts'
import type { SessionStore } from '../core/session/ports.ts'
import { Problem } from '../errors.ts'
import type { App } from '../routes/route.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed for this route. */
    scope?: AdminScope
  }
}

/** What admin routes are made of. */
export interface AdminRouteDeps {
  users: UserAdmin
  addUser: AddUser
  /** The one spelling, E.164, of a number; undefined for other text. */
  canonicalPhone(written: string): string | undefined
  sessions: Pick<SessionStore, 'list'>
  /** The latest `limit` decisions about this user that are older than `before`; undefined when there is no such user. */
  auditOf(userId: string, range: { limit: number; before?: Date }): Promise<AuditedEvent[] | undefined>
}

/** One admin route: it adds itself to the app, and says in its `config` which scope it demands. */
export type AdminRoute = (app: App, deps: AdminRouteDeps) => void

/** For routes that take no body: what one might say must not be dropped in silence. */
export const refuseBody: preValidationAsyncHookHandler = async ({ body }) => {
  const isEmpty = typeof (body ?? {}) === 'object' && Object.keys(body ?? {}).length === 0
  if (!isEmpty)
    throw new Problem('validation_failed', { errors: [{ path: '/', message: 'this request takes no body' }] })
}

/** What was found, or `not_found`. */
export const found = <T>(thing: T | undefined): T => {
  if (thing === undefined) throw new Problem('not_found', { detail: 'There is no such user.' })
  return thing
}
