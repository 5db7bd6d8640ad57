import type { preValidationAsyncHookHandler } from 'fastify'
import type { AddUser } from '../core/account/add-user.ts'
import type { AdminScope, AuditedEvent, UserAdmin } from '../core/account/admin-ports.ts'
import type { SessionStore } from '../core/session/ports.ts'
import { Problem } from '../errors.ts'
import type { App } from '../routes/route.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that an admin key needs for this route. */
    scope?: AdminScope
  }
}

/** The dependencies of the admin routes. */
export interface AdminRouteDeps {
  users: UserAdmin
  addUser: AddUser
  /** Returns a phone number in E.164 format; undefined if the text is not a phone number. */
  canonicalPhone(written: string): string | undefined
  sessions: Pick<SessionStore, 'list'>
  /** Returns the latest `limit` decisions about a user before `before`; undefined if the user does not exist. */
  auditOf(userId: string, range: { limit: number; before?: Date }): Promise<AuditedEvent[] | undefined>
}

/** A function that adds an admin route to the app, with the required scope in its `config`. */
export type AdminRoute = (app: App, deps: AdminRouteDeps) => void

/** Throws `validation_failed` for a body on a route that takes none, so that no body is ignored silently. */
export const refuseBody: preValidationAsyncHookHandler = async ({ body }) => {
  const isEmpty = typeof (body ?? {}) === 'object' && Object.keys(body ?? {}).length === 0
  if (!isEmpty)
    throw new Problem('validation_failed', { errors: [{ path: '/', message: 'this request takes no body' }] })
}

/** Returns the value. Throws `not_found` if it is undefined. */
export const requireFound = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Problem('not_found', { detail: 'The user does not exist.' })
  return value
}
