import fastify from 'fastify'
import type { JWTPayload } from 'jose'
import { type AccessOptions, createAccess, Refused } from './access.ts'

declare module 'fastify' {
  interface FastifyRequest {
    claims: JWTPayload
  }
}

/** Maximum age of a login for routes that move money, in seconds. */
const FRESH = 300

/** Creates the API; the caller makes it listen. */
export const buildApi = ({ now = Date.now, ...options }: AccessOptions) => {
  const claimsOf = createAccess({ now, ...options })
  const app = fastify()
  app.addHook('onRequest', async (request) => {
    request.claims = await claimsOf(request.headers.authorization)
  })
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof Refused)) return reply.send(error)
    if (error.challenge) reply.header('www-authenticate', error.challenge)
    return reply.code(error.status).send({ error: error.message })
  })

  app.get('/orders', async ({ claims }) => ({ user: claims.sub }))

  app.get('/payments', async ({ claims }) => {
    if (claims['acr'] !== 'aal2' || now() / 1000 - Number(claims['auth_time']) > FRESH) {
      throw new Refused(401, `Bearer error="insufficient_user_authentication", acr_values="aal2", max_age=${FRESH}`)
    }
    return { user: claims.sub }
  })
  return app
}
