import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

const DESCRIPTION = `
Turns a password and a code sent by SMS into a JWT, in two steps.

1. \`POST /login\` checks the password, sends a code and answers a **pending-2fa** token.
2. \`POST /verify\` exchanges that token and the code for an access token.

Everything that is not a success is an \`application/problem+json\` (RFC 9457): switch on its \`code\`.
`.trim()

/** Collects the schemas of all routes into one OpenAPI 3.1 document; must come before the routes. */
export const registerOpenApi = async (
  app: FastifyInstance,
  { issuer, version }: { issuer: string; version: string },
) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Doorcode', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: issuer }],
      tags: [
        { name: 'Login', description: 'The two steps, and what lies between them.' },
        { name: 'Account', description: 'For the holder of an access token.' },
        { name: 'Discovery', description: 'What others need to know of this service.' },
        { name: 'Operation', description: 'For those who run it.' },
      ],
      components: {
        securitySchemes: {
          pendingToken: { type: 'http', scheme: 'bearer', bearerFormat: 'pending-2fa+jwt' },
          accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'at+jwt' },
        },
      },
    },
  })
}

/** Serves the document and its pages. */
export const registerDocs = async (app: FastifyInstance): Promise<void> => {
  app.get('/openapi.json', { schema: { hide: true } as object }, () => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // A page opened by another name, or without TLS, must still be allowed to try the API it came from.
    transformStaticCSP: (policy) => policy.replace(/upgrade-insecure-requests;?/, ''),
    transformSpecification: (document) => ({ ...document, servers: [{ url: '/' }] }),
    transformSpecificationClone: true,
    theme: { title: 'Doorcode' },
  })
}
