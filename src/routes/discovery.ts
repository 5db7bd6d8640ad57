import etag from '@fastify/etag'
import { authorizationServer } from './authorization-server.ts'
import { jwks } from './jwks.ts'
import type { App, Route } from './route.ts'

/** Adds the cacheable routes in a separate scope, because only their responses have an ETag. */
export const discovery: Route = async (app, deps) => {
  await app.register(async (scope) => {
    await scope.register(etag, { algorithm: 'sha256' })
    for (const route of [jwks, authorizationServer]) await route(scope as unknown as App, deps)
  })
}
