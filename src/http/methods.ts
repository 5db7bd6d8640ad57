import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Problem } from '../errors.ts'

/**
 * Answers 405 with `Allow` where a path exists but not with this method; Fastify alone would say 404. Returns what must
 * be called when all routes are there.
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
      // A wildcard OPTIONS route is how @fastify/cors answers preflights: it has no methods of its own to name.
      if (url === '*' || others.length === 0) continue
      app.route({
        url,
        method: others,
        schema: { hide: true },
        // Before the body is looked at: a wrong method is a wrong method whatever it carries.
        onRequest: async () => {
          throw new Problem('method_not_allowed', { allow })
        },
        handler: () => {},
      })
    }
  }
}
