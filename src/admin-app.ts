import { aboutAdminApi } from './admin-routes/about.ts'
import { guardRoutes } from './admin-routes/access.ts'
import type { AdminRouteDeps } from './admin-routes/admin-route.ts'
import { adminRoutes } from './admin-routes/index.ts'
import { type AddUserDeps, createAddUser } from './core/account/add-user.ts'
import type { AdminKeyStore } from './core/account/admin-ports.ts'
import type { Journal } from './core/audit/journal.ts'
import { createBareApp, type HttpOptions } from './http/bare-app.ts'
import { watchMethods } from './http/methods.ts'
import { collectOpenApi, serveOpenApi } from './http/openapi/docs.ts'
import type { App } from './routes/route.ts'

/** What the admin app is made of. Everything in it is open already, or opens when it is first used. */
export interface AdminAppDeps extends AddUserDeps, Omit<AdminRouteDeps, 'addUser'> {
  keys: AdminKeyStore
  journal: Journal
  /** The base of problem types, as in the main app. */
  issuer: string
  http: HttpOptions & { version: string }
}

/** Builds the app for the backends beside us in the order below; opens no socket. No script of a page may read it. */
export const buildAdminApp = async (deps: AdminAppDeps): Promise<App> => {
  const { journal, issuer, http } = deps
  const { app, limit } = await createBareApp({ ...http, issuer, corsOrigins: [], everyRequest: 'admin' })

  await collectOpenApi(app, aboutAdminApi({ issuer, version: http.version }))
  const refuseOtherMethods = watchMethods(app)
  // A scope of its own: what refuses wrong methods, and the document, ask for no key.
  await app.register(async (guarded: App) => {
    guardRoutes(guarded, { keys: deps.keys, journal, limit })
    const routeDeps = { ...deps, addUser: createAddUser(deps) }
    for (const route of adminRoutes) route(guarded, routeDeps)
  })
  serveOpenApi(app)
  refuseOtherMethods()
  return app
}
