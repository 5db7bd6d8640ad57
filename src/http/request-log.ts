import type { FastifyInstance } from 'fastify'
import { addressOf } from './address.ts'

/** One line a request: never a query, a body or a header, for those hold secrets. */
export const registerRequestLog = (app: FastifyInstance, { trustsProxy }: { trustsProxy: boolean }): void => {
  let isWarned = trustsProxy
  app.addHook('onRequest', async (request) => {
    if (isWarned || request.headers['x-forwarded-for'] === undefined) return
    isWarned = true
    request.log.warn(
      { event: 'proxy_not_trusted', address: addressOf(request) },
      'requests come through a proxy that TRUST_PROXY does not name: all its clients count as one address',
    )
  })
  app.addHook('onResponse', async (request, reply) => {
    // Probes come every few seconds and say nothing new.
    const level = request.routeOptions.url?.startsWith('/health/') ? 'debug' : 'info'
    request.log[level](
      {
        event: 'request',
        method: request.method,
        // The pattern and not the path, which is the caller's to fill.
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        address: addressOf(request),
      },
      'request',
    )
  })
}
