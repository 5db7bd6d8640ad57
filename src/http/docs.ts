import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

const DESCRIPTION = `
Turns a password and a code sent by SMS into a JWT, in two steps.

1. \`POST /login\` checks the password, sends a code and answers a **pending-2fa** token.
2. \`POST /verify\` exchanges that token and the code for an access token.

Everything that is not a success is an \`application/problem+json\` (RFC 9457): switch on its \`code\`.
`.trim()

type Document = NonNullable<FastifyDynamicSwaggerOptions['openapi']>

/** What a document says besides its operations. */
export interface AboutApi {
  title: string
  description: string
  version: string
  servers: NonNullable<Document['servers']>
  tags: NonNullable<Document['tags']>
  securitySchemes: NonNullable<NonNullable<Document['components']>['securitySchemes']>
  /** Adds to each operation what its schema does not say. */
  transform?: FastifyDynamicSwaggerOptions['transform']
}

/** Collects the schemas of all routes into one OpenAPI 3.1 document; must come before the routes. */
export const collectOpenApi = async (
  app: FastifyInstance,
  { title, description, version, servers, tags, securitySchemes, transform }: AboutApi,
): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers,
      tags,
      components: { securitySchemes },
    },
    ...(transform && { transform }),
  })
}

/** Serves the document. */
export const serveOpenApi = (app: FastifyInstance): void => {
  app.get('/openapi.json', { schema: { hide: true } as object }, () => app.swagger())
}

/** Collects the document of the API that everybody may reach; must come before the routes. */
export const registerOpenApi = async (
  app: FastifyInstance,
  { issuer, version }: { issuer: string; version: string },
) => {
  await collectOpenApi(app, {
    title: 'Doorcode',
    description: DESCRIPTION,
    version,
    servers: [{ url: issuer }],
    tags: [
      { name: 'Login', description: 'The two steps, and what lies between them.' },
      { name: 'Account', description: 'For the holder of an access token.' },
      { name: 'Discovery', description: 'What others need to know of this service.' },
      { name: 'Operation', description: 'For those who run it.' },
    ],
    securitySchemes: {
      pendingToken: { type: 'http', scheme: 'bearer', bearerFormat: 'pending-2fa+jwt' },
      accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'at+jwt' },
    },
  })
}

/** Serves the document and its pages. */
export const registerDocs = async (app: FastifyInstance): Promise<void> => {
  serveOpenApi(app)
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
