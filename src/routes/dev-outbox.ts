import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { E164 } from '../core/delivery/phone.ts'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { ChannelName } from './challenge-schemas.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { answer, Timestamp } from './schemas.ts'

const EXAMPLE = {
  to: '+12025550143',
  channel: 'sms',
  body: '123456 is your Example code.',
  sent_at: '2026-11-24T10:00:00.000Z',
}

const Message = Exactly(
  {
    to: Type.String({ description: 'The phone number in E.164 format.', examples: [EXAMPLE.to] }),
    channel: ChannelName,
    body: Type.String({ description: 'The text of the message, or the words of the call.', examples: [EXAMPLE.body] }),
    sent_at: Timestamp('The time at which the message was stored.'),
  },
  { title: 'OutboxMessage', description: 'A message that was stored instead of being sent.' },
)

const Outbox = Exactly(
  { messages: Type.Array(Message, { description: 'The messages, latest first.' }) },
  {
    title: 'Outbox',
    description: 'The latest messages, to one number or to all numbers.',
    examples: [{ messages: [EXAMPLE] }],
  },
)

/** Headers that proxies and tunnels add. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/**
 * Throws `forbidden` unless the request names a loopback host and came without a proxy. The `Host` header shows DNS
 * rebinding, and the proxy headers show a tunnel.
 */
const assertLocalRequest = async ({ headers }: FastifyRequest): Promise<void> => {
  const isProxied = PROXY_HEADERS.some((name) => headers[name] !== undefined)
  if (LOOPBACK.test(headers.host ?? '') && !isProxied && headers['sec-fetch-site'] !== 'cross-site') return
  throw new Problem('forbidden', {
    detail:
      'The outbox accepts only requests from this machine to http://127.0.0.1 or http://localhost. To allow others, set DEV_OUTBOX=true.',
  })
}

/** `GET /dev/outbox` returns the messages of the development outbox, for tests of clients and for the demo. */
export const devOutbox: Route = (app, { outbox }) => {
  if (!outbox) return
  app.route({
    method: 'GET',
    url: '/dev/outbox',
    ...(outbox.isLocalOnly && { onRequest: assertLocalRequest }),
    schema: {
      operationId: 'getOutbox',
      tags: ['Development'],
      summary: 'List the latest messages',
      description:
        'The messages that the development outbox stored instead of sending them, for tests of clients and for the demo. Without `to`, messages to all numbers. Not available in production.',
      querystring: Exactly({
        to: Type.Optional(
          Type.String({ pattern: E164, description: 'A phone number in E.164 format. Write the plus sign as `%2B`.' }),
        ),
      }),
      response: {
        200: answer('The messages.', Outbox),
        ...problems('validation_failed', 'forbidden'),
      },
    },
    handler: async ({ query }) => ({
      messages: outbox.find(query.to).map(({ to, channel, body, sentAt }) => ({ to, channel, body, sent_at: sentAt })),
    }),
  })
}
