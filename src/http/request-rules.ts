import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** The only expectation that Node supports (RFC 9110 §10.1.1). */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i

/**
 * Rejects two kinds of requests with a problem, where Node would send a bare status. The request has not exactly one
 * `Host` (RFC 9112 §3.2; needs `requireHostHeader: false`), or it has an unsupported `Expect`. HTTP/1.0 requests are
 * exempt.
 */
export const registerRequestRules = (app: FastifyInstance): void => {
  app.server.on('checkExpectation', (request, response) => app.routing(request, response))
  app.addHook('onRequest', async ({ headers: { expect }, raw: { httpVersion, rawHeaders } }) => {
    if (httpVersion !== '1.1') return
    // Names are at even positions, values at odd ones.
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length
    const fault =
      hosts !== 1
        ? { path: '/headers/host', message: hosts === 0 ? 'is missing' : 'must occur only once' }
        : expect !== undefined && !CONTINUE.test(expect)
          ? { path: '/headers/expect', message: 'must be 100-continue' }
          : undefined
    if (fault) throw new Problem('validation_failed', { errors: [fault] })
  })
}
