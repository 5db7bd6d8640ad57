import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { ChannelName } from './challenge-schemas.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { answer } from './schemas.ts'

const RETRY_AFTER = 5

const Liveness = Exactly(
  { status: Type.Literal('live', { description: 'Always this.' }) },
  { title: 'Liveness', description: 'That the process answers.', examples: [{ status: 'live' }] },
)

const CompanyState = Exactly(
  {
    provider: Type.String({ description: 'The company, as `SMS_PROVIDERS` names it.', examples: ['twilio'] }),
    channel: ChannelName,
    state: Type.Enum(['closed', 'open', 'half-open'], {
      description:
        'Its circuit breaker: `closed` while messages flow, `open` while it is left alone, `half-open` at the next try.',
      examples: ['closed'],
    }),
  },
  { title: 'CompanyState', description: 'How a delivery company does.' },
)

const Readiness = Exactly(
  {
    status: Type.Enum(['ready', 'degraded'], {
      description:
        '`degraded` while a provider is left alone because it keeps failing. With no other provider, `/login` alone answers 503.',
      examples: ['ready'],
    }),
    delivery: Type.Array(CompanyState, { description: 'Each company and channel.' }),
  },
  {
    title: 'Readiness',
    description: 'That the service can serve, and how delivery does.',
    examples: [{ status: 'ready', delivery: [{ provider: 'twilio', channel: 'sms', state: 'closed' }] }],
  },
)

/** `GET /health/live` and `GET /health/ready`: whether the process runs, and whether it can serve. */
export const health: Route = (app, { readiness, deliveryStates }) => {
  app.route({
    method: 'GET',
    url: '/health/live',
    schema: {
      operationId: 'getLiveness',
      tags: ['Operation'],
      summary: 'Whether the process runs',
      description:
        'For whatever starts processes again. Asks nothing of the database, so that a database that is away restarts nobody.',
      response: {
        200: answer('It does.', Liveness),
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
      summary: 'Whether the service can serve',
      description:
        'For load balancers: whether requests should come here. 503 while the database or what a login needs of it is missing, or while the instance stops: `missing` names it, and `detail` says which right, table or migration it is. A provider that fails makes it `degraded`: another instance would not reach it either.',
      response: {
        200: answer('Everything it needs is there.', Readiness),
        ...problems('service_unavailable'),
      },
    },
    handler: async () => {
      const results = await Promise.allSettled(readiness.map(({ check }) => check()))
      const missing = readiness
        .filter((_, position) => results[position]?.status === 'rejected')
        .map(({ name }) => name)
      if (missing.length > 0) {
        const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
        const details = reasons.flatMap((reason) => (reason instanceof Problem ? (reason.details.detail ?? []) : []))
        const [cause] = reasons
        throw new Problem('service_unavailable', {
          missing,
          ...(details.length > 0 && { detail: details.join(' ') }),
          retryAfter: RETRY_AFTER,
          cause,
          ...(cause instanceof Problem && cause.details.advice && { advice: cause.details.advice }),
        })
      }
      const delivery = deliveryStates()
      const status = delivery.some(({ state }) => state !== 'closed') ? ('degraded' as const) : ('ready' as const)
      return { status, delivery }
    },
  })
}
