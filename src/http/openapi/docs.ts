import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { DURATIONS } from '../../core/durations.ts'
import { durationInWords } from '../../core/quantity.ts'
import { withCodeSamples } from './code-samples.ts'
import { nameParts } from './document.ts'
import type { Part } from './schemas.ts'

const DESCRIPTION = `
A login API in two steps: a password and a code sent to a phone are exchanged for tokens.

1. \`POST /login\` checks the user name and the password, sends the code and returns a **pending token**.
2. \`POST /verify\` checks the pending token and the code. It returns an **access token**, which your APIs accept for
   ${durationInWords(DURATIONS.accessTtl.default)}, and a **refresh token**, which \`POST /refresh\` exchanges for new tokens.

An app needs no other calls, no cookies and no redirects. Between the steps, \`POST /resend\` sends another code and
\`GET /challenge\` returns the delivery status of the code. \`POST /logout\` ends the session.

## Tokens

Operations with a lock need a token in the header \`Authorization: Bearer …\`; each one names the token. All other
operations take their tokens in the body. Your own APIs verify access tokens offline, with the public keys at
\`GET /.well-known/jwks.json\`.

## Problems

Every error response is an \`application/problem+json\` (RFC 9457). Switch on its \`code\`: codes are never renamed. Its
\`type\` is the URL of a page with the cause, a message for the user, and the next step for the developer.
\`GET /problems\` lists all problems. Some have more members, such as \`attempts_left\` and \`retry_after\`. Each operation
lists its problems. A wrong path or method gets \`not_found\` or \`method_not_allowed\`.

## Rate limits and retries

- Responses with 429 and 503 have the number of seconds to wait in \`Retry-After\` and in \`retry_after\`.
- \`RateLimit-Policy\` has the rate limits of a request, and \`RateLimit\` the requests that the address has left.
- If a response is lost, repeat \`POST /login\`, \`POST /resend\`, \`POST /register\` or \`POST /phone\` with the same
  \`Idempotency-Key\`: the call returns the first response again and sends no second message.

## JSON

Unknown members of a body are rejected, and types are not converted: a code is a string, because it may begin with a zero.
Later versions may return members and problem codes that are not listed here: ignore unknown ones.
Times are in UTC (RFC 3339). Durations are in whole seconds.
`.trim()

/** The issuer in examples. The document that a server returns has the server's own issuer instead. */
export const EXAMPLE_ISSUER = 'https://auth.example.com'

type Document = NonNullable<FastifyDynamicSwaggerOptions['openapi']>

/** The description of an API for its OpenAPI document, without the operations. */
export interface AboutApi {
  title: string
  description: string
  version: string
  /** The public URL of the service, which is the base of problem types. */
  issuer: string
  servers: NonNullable<Document['servers']>
  /** All tags in their order. Tags without operations are omitted from the document. */
  tags: NonNullable<Document['tags']>
  securitySchemes: NonNullable<NonNullable<Document['components']>['securitySchemes']>
  /** Adds to each operation the data that is not in its schema. */
  transform?: FastifyDynamicSwaggerOptions['transform']
  /** Changes the document before its shared parts move to `components`. */
  finish?: (document: Part) => Part
}

/**
 * Collects the schemas of all routes into one OpenAPI 3.1 document, which is built at its first request. Call it before
 * the routes are added.
 */
export const collectOpenApi = async (app: FastifyInstance, about: AboutApi): Promise<void> => {
  const { title, description, version, issuer, servers, tags, securitySchemes, transform } = about
  const { finish = (document) => document } = about
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version,
        description,
        contact: { name: 'The operator of this server' },
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers,
      tags,
      components: { securitySchemes },
    },
    convertConstToEnum: false,
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made.swaggerObject
      const text = JSON.stringify(nameParts(finish(made.openapiObject as Part)))
      return JSON.parse(text.replaceAll(EXAMPLE_ISSUER, issuer)) as Document
    },
    ...(transform && { transform }),
  })
}

/** Serves the OpenAPI document at `/openapi.json`. */
export const serveOpenApi = (app: FastifyInstance): void => {
  let text: string | undefined
  app.get('/openapi.json', { schema: { hide: true } as object }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
}

/** Collects the OpenAPI document of the public API. Call it before the routes are added. */
export const registerOpenApi = async (
  app: FastifyInstance,
  { issuer, version }: { issuer: string; version: string },
) => {
  await collectOpenApi(app, {
    title: 'Doorcode',
    description: DESCRIPTION,
    version,
    issuer,
    servers: [{ url: EXAMPLE_ISSUER, description: 'This server.' }],
    tags: [
      { name: 'Login', description: 'The two steps of a login, the resend and the status.' },
      {
        name: 'Session',
        description: 'Refresh, logout and the open sessions of the user.',
      },
      { name: 'Account', description: 'The user, registration, and changes of the password or phone number.' },
      { name: 'Device', description: 'Remembered devices, which log in without a code.' },
      {
        name: 'Discovery',
        description: 'Keys and metadata for APIs that verify access tokens, and the problem codes.',
      },
      { name: 'Operation', description: 'Health checks for operators, and delivery receipts from providers.' },
      { name: 'Development', description: 'For tests. Not available in production.' },
    ],
    securitySchemes: {
      pendingToken: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: `The pending token: \`pending_token\` in the response of \`POST /login\`. It is valid for ${durationInWords(DURATIONS.codeTtl.default)}.`,
      },
      accessToken: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: `The access token: \`access_token\` in the response of \`POST /verify\`. It is valid for ${durationInWords(DURATIONS.accessTtl.default)}.`,
      },
    },
    finish: withCodeSamples,
  })
}
