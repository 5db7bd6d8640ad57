import type { FastifyInstance } from 'fastify'
import { addressOf } from './address.ts'

/** Logs one line for each request, without query, body and headers, which contain secrets. */
export const registerRequestLog = (app: FastifyInstance, { trustsProxy }: { trustsProxy: boolean }): void => {
  let isWarned = trustsProxy
  app.addHook('onRequest', async (request) => {
    if (isWarned || request.headers['x-forwarded-for'] === undefined) return
    isWarned = true
    request.log.warn(
      { event: 'proxy_not_trusted', address: addressOf(request) },
      'requests come through a proxy that is not in TRUST_PROXY: all its clients count as one address',
    )
  })
  app.addHook('onResponse', async (request, reply) => {
    // Health checks come every few seconds and would fill the log.
    const level = request.routeOptions.url?.startsWith('/health/') ? 'debug' : 'info'
    request.log[level](
      {
        event: 'request',
        method: request.method,
        // The route pattern, because callers control the content of the path.
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        address: addressOf(request),
      },
      'request',
    )
  })
}
