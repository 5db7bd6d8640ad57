import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { DURATIONS } from '../../core/durations.ts'
import { durationInWords } from '../../core/quantity.ts'
import { withCodeSamples } from './code-samples.ts'
import { nameParts } from './document.ts'
import type { Part } from './schemas.ts'

const DESCRIPTION = `
A login in two steps: a password and a code sent to a phone become tokens for your app.

1. \`POST /login\` takes the user name and the password, sends the code, and answers a **pending token**.
2. \`POST /verify\` takes the pending token and the code, and answers an **access token**, which your APIs accept for
   ${durationInWords(DURATIONS.accessTtl.default)}, and a **refresh token**, which \`POST /refresh\` exchanges for the next two.

That is all that an app needs; no cookies, no redirects. Between the steps, \`POST /resend\` sends another code and
\`GET /challenge\` says whether it has arrived. \`POST /logout\` ends it.

## Tokens

Operations with a lock take a token in the header \`Authorization: Bearer …\`; which one, they say themselves. All others
take their tokens in the body. Your own APIs verify access tokens without asking anybody, with the public keys at
\`GET /.well-known/jwks.json\`.

## Problems

Everything that is not a success is an \`application/problem+json\` (RFC 9457). Switch on its \`code\`: codes are never
renamed. Its \`type\` is the address of a page that says what happened, what to show to the user, and what the program should
do; \`GET /problems\` lists all of them. Several carry more, such as \`attempts_left\` and \`retry_after\`. Each operation lists
those that it can answer; a wrong address gets \`not_found\` or \`method_not_allowed\`.

## Waiting, and repeating

- 429 and 503 say in \`Retry-After\` how many seconds to wait, the same as \`retry_after\`.
- \`RateLimit\` says with each answer how many requests the address has left, and \`RateLimit-Policy\` of how many.
- If an answer is lost, repeat \`POST /login\`, \`POST /resend\`, \`POST /register\` or \`POST /phone\` with the same
  \`Idempotency-Key\`: it gets the first answer again, and no second message is sent.

## JSON

In a body, members that are not listed are refused, and types are not converted: a code is a string, for it may begin with a
zero. A later version may answer members, and codes of problems, that are not listed here: ignore what you do not know.
Times are UTC (RFC 3339); time spans are whole seconds.
`.trim()

/** The address of the server in examples. A document that a server gives has its own in the place of it. */
export const EXAMPLE_ISSUER = 'https://auth.example.com'

type Document = NonNullable<FastifyDynamicSwaggerOptions['openapi']>

/** What a document says besides its operations. */
export interface AboutApi {
  title: string
  description: string
  version: string
  /** The public address of the service, which the pages of problems are below. */
  issuer: string
  servers: NonNullable<Document['servers']>
  /** All groups of operations in their order; those without an operation are left out. */
  tags: NonNullable<Document['tags']>
  securitySchemes: NonNullable<NonNullable<Document['components']>['securitySchemes']>
  /** Adds to each operation what its schema does not say. */
  transform?: FastifyDynamicSwaggerOptions['transform']
  /** Changes the document before its parts get names. */
  finish?: (document: Part) => Part
}

/** Collects the schemas of all routes into one OpenAPI 3.1 document, made when it is first asked for; before the routes. */
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
        contact: { name: 'Whoever runs this server' },
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

/** Serves the document. */
export const serveOpenApi = (app: FastifyInstance): void => {
  let text: string | undefined
  app.get('/openapi.json', { schema: { hide: true } as object }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
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
    issuer,
    servers: [{ url: EXAMPLE_ISSUER, description: 'This server.' }],
    tags: [
      { name: 'Login', description: 'The two steps, and what lies between them.' },
      {
        name: 'Session',
        description: 'What follows a login: the next tokens, where the user is logged in, and the end.',
      },
      { name: 'Account', description: 'Who the user is; registering; another password or phone number.' },
      { name: 'Device', description: 'Devices that stand in for a code.' },
      { name: 'Discovery', description: 'For APIs that verify access tokens, and what the codes of problems mean.' },
      { name: 'Operation', description: 'For those who run the service, and the delivery companies they use.' },
      { name: 'Development', description: 'For tests. Not there in production.' },
    ],
    securitySchemes: {
      pendingToken: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: `The pending token: \`pending_token\` of the answer of \`POST /login\`. It lives for ${durationInWords(DURATIONS.codeTtl.default)}.`,
      },
      accessToken: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: `The access token: \`access_token\` of the answer of \`POST /verify\`. It lives for ${durationInWords(DURATIONS.accessTtl.default)}.`,
      },
    },
    finish: withCodeSamples,
  })
}
