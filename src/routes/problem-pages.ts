import { Type } from 'typebox'
import { PROBLEM_CODES, PROBLEMS, Problem } from '../errors.ts'
import { problemType } from '../http/problems.ts'
import { problems } from './problem-schemas.ts'
import type { Route } from './route.ts'
import { Exactly } from './schemas.ts'

const ProblemPage = Exactly(
  {
    type: Type.String(),
    code: Type.String(),
    status: Type.Integer(),
    title: Type.String(),
    advice: Type.String({ description: 'What a caller should do about it.' }),
  },
  {
    examples: [
      { type: 'https://auth.example.com/problems/rate_limited', code: 'rate_limited', ...PROBLEMS.rate_limited },
    ],
  },
)

/** `GET /problems/:code`: where the `type` of a problem leads. */
export const problemPages: Route = (app, { issuer }) => {
  app.route({
    method: 'GET',
    url: '/problems/:code',
    schema: {
      operationId: 'getProblem',
      tags: ['Discovery'],
      summary: 'What a problem code means',
      params: Exactly({ code: Type.String({ maxLength: 64, examples: ['resend_cooldown'] }) }),
      response: {
        200: { description: 'The problem.', ...ProblemPage },
        ...problems('validation_failed', 'not_found'),
      },
    },
    handler: async ({ params }) => {
      const code = PROBLEM_CODES.find((known) => known === params.code)
      if (!code) throw new Problem('not_found')
      return { type: problemType(issuer, code), code, ...PROBLEMS[code] }
    },
  })
}
