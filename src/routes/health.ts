import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { problems } from './problem-schemas.ts'
import type { Route } from './route.ts'
import { ChannelName, Exactly } from './schemas.ts'

const RETRY_AFTER = 5

/** `GET /health/live` and `GET /health/ready`: whether the process runs, and whether it can serve. */
export const health: Route = (app, { readiness, deliveryStates }) => {
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
          description:
            'Everything it needs is there; `degraded` while a company is left alone because it keeps failing.',
          ...Exactly(
            {
              status: Type.Enum(['ready', 'degraded']),
              delivery: Type.Array(
                Exactly({
                  provider: Type.String({ examples: ['twilio'] }),
                  channel: ChannelName,
                  state: Type.Enum(['closed', 'open', 'half-open'], {
                    description: 'Its circuit: messages flow while it is closed, `half-open` is the next try.',
                    examples: ['closed'],
                  }),
                }),
              ),
            },
            { examples: [{ status: 'ready', delivery: [{ provider: 'twilio', channel: 'sms', state: 'closed' }] }] },
          ),
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
      const delivery = deliveryStates()
      if (delivery.length > 0 && delivery.every(({ state }) => state === 'open')) {
        throw new Problem('service_unavailable', { missing: ['delivery'], retryAfter: RETRY_AFTER })
      }
      const status = delivery.some(({ state }) => state !== 'closed') ? ('degraded' as const) : ('ready' as const)
      return { status, delivery }
    },
  })
}
