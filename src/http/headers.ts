import type { FastifyInstance } from 'fastify'

/** Returns the headers of every response, errors included (ASVS 3.4.1, 3.4.4, 14.3.2). */
export const answerHeaders = (requestId: string): Record<string, string> => ({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-request-id': requestId,
})

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Time for which caches may store a success of this route, in seconds. Only for responses without user data. */
    maxAge?: number
  }
}

/**
 * Sets the headers of every response before any other hook can fail. Only successes of routes with `maxAge` are
 * cacheable.
 */
export const registerHeaders = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(answerHeaders(request.id))
  })
  // The static files of the pages set their own Cache-Control, which this replaces.
  app.addHook('onSend', async (request, reply) => {
    const { maxAge } = request.routeOptions.config
    const isCacheable = maxAge !== undefined && reply.statusCode === 200
    reply.header('cache-control', isCacheable ? `public, max-age=${maxAge}` : 'no-store')
  })
}
