import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import type { Route } from './route.ts'
import { Exactly, problems } from './schemas.ts'

const RETRY_AFTER = 5

/** `GET /health/live` and `GET /health/ready`: whether the process runs, and whether it can serve. */
export const health: Route = (app, { readiness }) => {
  app.route({
    method: 'GET',
    url: '/health/live',
    schema: {
      operationId: 'getLiveness',
      tags: ['Operation'],
      summary: 'The process runs',
      response: {
        200: {
          description: 'It does.',
          ...Exactly({ status: Type.Literal('live') }, { examples: [{ status: 'live' }] }),
        },
        ...problems(),
      },
    },
    handler: async () => ({ status: 'live' as const }),
  })

  app.route({
    method: 'GET',
    url: '/health/ready',
    schema: {
      operationId: 'getReadiness',
      tags: ['Operation'],
      summary: 'The service can serve',
      response: {
        200: {
          description: 'Everything it needs is there.',
          ...Exactly({ status: Type.Literal('ready') }, { examples: [{ status: 'ready' }] }),
        },
        ...problems('service_unavailable'),
      },
    },
    handler: async () => {
      const results = await Promise.allSettled(readiness.map(({ check }) => check()))
      const missing = readiness
        .filter((_, position) => results[position]?.status === 'rejected')
        .map(({ name }) => name)
      if (missing.length > 0) {
        const cause = results.find((result) => result.status === 'rejected')?.reason
        throw new Problem('service_unavailable', { missing, retryAfter: RETRY_AFTER, cause })
      }
      return { status: 'ready' as const }
    },
  })
}
