import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** The one expectation that Node meets by itself (RFC 9110 §10.1.1). */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i

/**
 * Refuses requests that Node would refuse with a bare answer: those without `Host` (which needs `requireHostHeader: false`)
 * and those that expect something which no server of ours does. HTTP/1.0 knows neither.
 */
export const registerRequestRules = (app: FastifyInstance): void => {
  app.server.on('checkExpectation', (request, response) => app.routing(request, response))
  app.addHook('onRequest', async ({ headers: { host, expect }, raw: { httpVersion } }) => {
    if (httpVersion !== '1.1') return
    const fault =
      host === undefined
        ? { path: '/headers/host', message: 'is missing' }
        : expect !== undefined && !CONTINUE.test(expect)
          ? { path: '/headers/expect', message: 'must be 100-continue' }
          : undefined
    if (fault) throw new Problem('validation_failed', { errors: [fault] })
  })
}
