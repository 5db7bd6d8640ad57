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

/** The dependencies of the admin app. They are open already, or open at first use. */
export interface AdminAppDeps extends AddUserDeps, Omit<AdminRouteDeps, 'addUser'> {
  keys: AdminKeyStore
  journal: Journal
  /** The base URL of problem types, as in the main app. */
  issuer: string
  http: HttpOptions & { version: string }
}

/** Builds the admin app, for backends. Opens no socket. Sends no CORS headers, so that no web page can read it. */
export const buildAdminApp = async (deps: AdminAppDeps): Promise<App> => {
  const { journal, issuer, http } = deps
  const { app, limit } = await createBareApp({ ...http, issuer, corsOrigins: [], everyRequest: 'admin' })

  await collectOpenApi(app, aboutAdminApi({ issuer, version: http.version }))
  const refuseOtherMethods = watchMethods(app)
  // A separate scope, because the 405 responses and the OpenAPI document need no key.
  await app.register(async (guarded: App) => {
    guardRoutes(guarded, { keys: deps.keys, journal, limit })
    const routeDeps = { ...deps, addUser: createAddUser(deps) }
    for (const route of adminRoutes) route(guarded, routeDeps)
  })
  serveOpenApi(app)
  refuseOtherMethods()
  return app
}
