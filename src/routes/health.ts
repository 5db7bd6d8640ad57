import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { ChannelName } from './challenge-schemas.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { answer } from './schemas.ts'

const RETRY_AFTER = 5

const Liveness = Exactly(
  { status: Type.Literal('live', { description: 'Always `live`.' }) },
  { title: 'Liveness', description: 'The process is running.', examples: [{ status: 'live' }] },
)

const ProviderState = Exactly(
  {
    provider: Type.String({ description: 'The provider, as named in `SMS_PROVIDERS`.', examples: ['twilio'] }),
    channel: ChannelName,
    state: Type.Enum(['closed', 'open', 'half-open'], {
      description:
        'The state of the circuit breaker. `closed`: messages are sent. `open`: the provider is skipped. `half-open`: the next message is a trial.',
      examples: ['closed'],
    }),
  },
  { title: 'CompanyState', description: 'The state of a provider on one channel.' },
)

const Readiness = Exactly(
  {
    status: Type.Enum(['ready', 'degraded'], {
      description:
        '`degraded` while a failing provider is skipped. If it is the only provider, only routes that send codes return 503.',
      examples: ['ready'],
    }),
    delivery: Type.Array(ProviderState, { description: 'The state of each provider and channel.' }),
  },
  {
    title: 'Readiness',
    description: 'The service can handle requests; the state of delivery.',
    examples: [{ status: 'ready', delivery: [{ provider: 'twilio', channel: 'sms', state: 'closed' }] }],
  },
)

/** `GET /health/live` reports that the process runs. `GET /health/ready` reports whether it can handle requests. */
export const health: Route = (app, { readiness, deliveryStates }) => {
  app.route({
    method: 'GET',
    url: '/health/live',
    schema: {
      operationId: 'getLiveness',
      tags: ['Operation'],
      summary: 'Check liveness',
      description:
        'For supervisors that restart processes. The check does not use the database, so that a database outage does not cause restarts.',
      response: {
        200: answer('The process is running.', Liveness),
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
      summary: 'Check readiness',
      description:
        'For load balancers. Returns 503 while the database is unavailable or incomplete, or while the instance stops. `missing` names the unavailable parts, and `detail` the missing permission, table or migration. A failing provider only changes the status to `degraded`, because other instances cannot reach it either.',
      response: {
        200: answer('The instance can handle requests.', Readiness),
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
