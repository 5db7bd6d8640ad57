import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Problem } from '../errors.ts'

/**
 * Observes the routes of an app. Call the returned function after all routes are added: it makes wrong methods return
 * 405 with `Allow`, where Fastify would return 404.
 */
export const watchMethods = (app: FastifyInstance): (() => void) => {
  const allowed = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    allowed.set(url, methods)
  })

  return () => {
    for (const [url, methods] of [...allowed]) {
      const allow = [...methods].sort()
      const others = app.supportedMethods.filter(
        (method) => !methods.has(method) && !app.hasRoute({ url, method: method as HTTPMethods }),
      )
      // The wildcard OPTIONS route of @fastify/cors answers preflights; it is not a route of the API.
      if (url === '*' || others.length === 0) continue
      app.route({
        url,
        method: others,
        schema: { hide: true },
        // Before the body is parsed, so that an invalid body does not hide the wrong method.
        onRequest: async () => {
          throw new Problem('method_not_allowed', { allow })
        },
        handler: () => {},
      })
    }
  }
}
