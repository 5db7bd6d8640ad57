import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { type TSchema, Type } from 'typebox'
import { PROBLEM_CODES, PROBLEMS, Problem, type ProblemCode } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { EXAMPLE_ISSUER } from '../http/openapi/docs.ts'
import { problemType } from '../http/problems.ts'
import { PROBLEM_PAGE_POLICY, problemHtml, problemIndexHtml } from './problems/html.ts'
import { problems } from './problems/schemas.ts'
import { PROBLEM_TEXTS } from './problems/texts.ts'
import type { Route } from './route.ts'

const pageOf = (issuer: string, code: ProblemCode) => ({
  type: problemType(issuer, code),
  code,
  ...PROBLEMS[code],
  ...PROBLEM_TEXTS[code],
})

const EXAMPLE = pageOf(EXAMPLE_ISSUER, 'resend_cooldown')

const ProblemPage = Exactly(
  {
    type: Type.String({ description: 'The URL of this page: the `type` of the problem.', examples: [EXAMPLE.type] }),
    code: Type.String({ description: 'The `code` of the problem.', examples: [EXAMPLE.code] }),
    status: Type.Integer({ description: 'The HTTP status of the response.', examples: [EXAMPLE.status] }),
    title: Type.String({ description: 'A short title.', examples: [EXAMPLE.title] }),
    happened: Type.String({ description: 'The cause of the problem.', examples: [EXAMPLE.happened] }),
    user: Type.String({ description: 'An English message to show to the user unchanged.', examples: [EXAMPLE.user] }),
    developer: Type.String({
      description: 'The next step for the developer of the client.',
      examples: [EXAMPLE.developer],
    }),
  },
  { title: 'ProblemPage', description: 'The texts about a problem code.', examples: [EXAMPLE] },
)

const ProblemList = Exactly(
  { problems: Type.Array(ProblemPage, { description: 'The problems in order of status.' }) },
  { title: 'ProblemList', description: 'All problems of this API.', examples: [{ problems: [EXAMPLE] }] },
)

/** Returns the OpenAPI response for a resource that is JSON for programs and HTML for browsers. */
const inBoth = (description: string, schema: TSchema) => ({
  description,
  headers: { Vary: { type: 'string', description: '`Accept`.' } },
  content: {
    'application/json': { schema },
    'text/html': { schema: Type.String({ description: 'An HTML page.' }) },
  },
})

/** Sends JSON or HTML, as the request's `Accept` prefers; JSON by default. */
const sendBoth = (request: FastifyRequest, reply: FastifyReply, json: object, html: () => string) => {
  reply.header('vary', 'Accept')
  const wanted = new Negotiator(request).mediaType(['application/json', 'text/html'])
  if (wanted !== 'text/html') return reply.send(json)
  return reply.type('text/html; charset=utf-8').header('content-security-policy', PROBLEM_PAGE_POLICY).send(html())
}

/** `GET /problems` lists all problem codes. `GET /problems/:code` is the page that the `type` of a problem links to. */
export const problemPages: Route = (app, { issuer }) => {
  const all = { problems: PROBLEM_CODES.map((code) => pageOf(issuer, code)) }
  app.route({
    method: 'GET',
    url: '/problems',
    schema: {
      operationId: 'listProblems',
      tags: ['Discovery'],
      summary: 'List all problem codes',
      description: 'Describes each problem of this API. Returns HTML to browsers and JSON to programs (`Accept`).',
      response: { 200: inBoth('All problems.', ProblemList), ...problems() },
    },
    handler: (request, reply) => sendBoth(request, reply, all, problemIndexHtml),
  })

  app.route({
    method: 'GET',
    url: '/problems/:code',
    schema: {
      operationId: 'getProblem',
      tags: ['Discovery'],
      summary: 'Describe a problem code',
      description:
        'The page that the `type` of a problem links to: what happened, what the user should see, and what the developer should do. Returns HTML to browsers and JSON to programs (`Accept`).',
      params: Exactly({
        code: Type.String({
          maxLength: 64,
          description: 'The `code` of a problem.',
          examples: ['resend_cooldown'],
        }),
      }),
      response: { 200: inBoth('The problem.', ProblemPage), ...problems('validation_failed', 'not_found') },
    },
    handler: (request, reply) => {
      const code = PROBLEM_CODES.find((known) => known === request.params.code)
      if (!code) throw new Problem('not_found')
      return sendBoth(request, reply, pageOf(issuer, code), () => problemHtml(code))
    },
  })
}
