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
    type: Type.String({ description: 'This page: `type` of such problems.', examples: [EXAMPLE.type] }),
    code: Type.String({ description: '`code` of such problems.', examples: [EXAMPLE.code] }),
    status: Type.Integer({ description: 'The status of the answer.', examples: [EXAMPLE.status] }),
    title: Type.String({ description: 'A short name for it.', examples: [EXAMPLE.title] }),
    happened: Type.String({ description: 'What happened.', examples: [EXAMPLE.happened] }),
    user: Type.String({ description: 'What to show to the user as it is, in English.', examples: [EXAMPLE.user] }),
    developer: Type.String({
      description: 'What the developer of the calling program should do.',
      examples: [EXAMPLE.developer],
    }),
  },
  { title: 'ProblemPage', description: 'What there is to say about a kind of problem.', examples: [EXAMPLE] },
)

const ProblemList = Exactly(
  { problems: Type.Array(ProblemPage, { description: 'By status.' }) },
  { title: 'ProblemList', description: 'All problems that this API answers.', examples: [{ problems: [EXAMPLE] }] },
)

/** A page for browsers, JSON for programs. */
const inBoth = (description: string, schema: TSchema) => ({
  description,
  headers: { Vary: { type: 'string', description: '`Accept`.' } },
  content: {
    'application/json': { schema },
    'text/html': { schema: Type.String({ description: 'A page for people.' }) },
  },
})

/** Sends what the caller prefers; JSON without a preference. */
const sendBoth = (request: FastifyRequest, reply: FastifyReply, json: object, html: () => string) => {
  reply.header('vary', 'Accept')
  const wanted = new Negotiator(request).mediaType(['application/json', 'text/html'])
  if (wanted !== 'text/html') return reply.send(json)
  return reply.type('text/html; charset=utf-8').header('content-security-policy', PROBLEM_PAGE_POLICY).send(html())
}

/** `GET /problems` and `GET /problems/:code`: where the `type` of a problem leads, and all of them. */
export const problemPages: Route = (app, { issuer }) => {
  const all = { problems: PROBLEM_CODES.map((code) => pageOf(issuer, code)) }
  app.route({
    method: 'GET',
    url: '/problems',
    schema: {
      operationId: 'listProblems',
      tags: ['Discovery'],
      summary: 'All problem codes',
      description: 'What each problem of this API means. A page for browsers, and JSON for programs (`Accept`).',
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
      summary: 'What a problem code means',
      description:
        'Where `type` of a problem leads: what happened, what the user should see, and what the developer should do. A page for browsers, and JSON for programs (`Accept`).',
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
