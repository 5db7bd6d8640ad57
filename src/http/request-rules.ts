import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** The one expectation that Node meets by itself (RFC 9110 §10.1.1). */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i

/**
 * Refuses requests that Node would refuse with a bare answer: those without one `Host` (which needs `requireHostHeader: false`;
 * RFC 9112 §3.2) and those that expect something which no server of ours does. HTTP/1.0 knows neither.
 */
export const registerRequestRules = (app: FastifyInstance): void => {
  app.server.on('checkExpectation', (request, response) => app.routing(request, response))
  app.addHook('onRequest', async ({ headers: { expect }, raw: { httpVersion, rawHeaders } }) => {
    if (httpVersion !== '1.1') return
    // Names and values in turn.
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length
    const fault =
      hosts !== 1
        ? { path: '/headers/host', message: hosts === 0 ? 'is missing' : 'must be there once' }
        : expect !== undefined && !CONTINUE.test(expect)
          ? { path: '/headers/expect', message: 'must be 100-continue' }
          : undefined
    if (fault) throw new Problem('validation_failed', { errors: [fault] })
  })
}
