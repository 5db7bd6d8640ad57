import type { FastifyInstance } from 'fastify'

/** What every answer carries, errors included (ASVS 3.4.1, 3.4.4, 14.3.2). */
export const answerHeaders = (requestId: string): Record<string, string> => ({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-request-id': requestId,
})

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Seconds for which others may keep a success of this route. Only for what is the same for everybody. */
    keptFor?: number
  }
}

/**
 * Puts the headers on every answer before anything can fail. Nothing may be kept but the successes of routes that say so
 * by `keptFor`.
 */
export const registerHeaders = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(answerHeaders(request.id))
  })
  // Files of the pages come with a header of their own.
  app.addHook('onSend', async (request, reply) => {
    const { keptFor } = request.routeOptions.config
    const isKept = keptFor !== undefined && reply.statusCode === 200
    reply.header('cache-control', isKept ? `public, max-age=${keptFor}` : 'no-store')
  })
}
