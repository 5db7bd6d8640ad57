import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { E164 } from '../core/delivery/phone.ts'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { ChannelName } from './challenge-schemas.ts'
import { problems } from './problems/schemas.ts'
import type { Route } from './route.ts'
import { answer, Moment } from './schemas.ts'

const EXAMPLE = {
  to: '+12025550143',
  channel: 'sms',
  body: '123456 is your Example code.',
  sent_at: '2026-11-24T10:00:00.000Z',
}

const Message = Exactly(
  {
    to: Type.String({ description: 'The number, in E.164.', examples: [EXAMPLE.to] }),
    channel: ChannelName,
    body: Type.String({ description: 'The text, or what a call says.', examples: [EXAMPLE.body] }),
    sent_at: Moment('When it would have been sent.'),
  },
  { title: 'OutboxMessage', description: 'A message that was kept in the place of being sent.' },
)

const Outbox = Exactly(
  { messages: Type.Array(Message, { description: 'The latest first.' }) },
  { title: 'Outbox', description: 'The latest messages to a number.', examples: [{ messages: [EXAMPLE] }] },
)

/** What those who pass requests on say of it. */
const PASSED_ON = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/**
 * Throws `forbidden` unless the caller knows us by a name that only this machine has: a page whose own name was made to
 * lead here says that name (DNS rebinding), and a tunnel says whom it passes on.
 */
const assertFromHere = async ({ headers }: FastifyRequest): Promise<void> => {
  const isPassedOn = PASSED_ON.some((name) => headers[name] !== undefined)
  if (LOOPBACK.test(headers.host ?? '') && !isPassedOn && headers['sec-fetch-site'] !== 'cross-site') return
  throw new Problem('forbidden', {
    detail: 'Only this machine may ask, by http://127.0.0.1 or http://localhost, unless DEV_OUTBOX=true is set.',
  })
}

/** `GET /dev/outbox`: the messages that were not really sent, for tests of programs that use this API and for the demo. */
export const devOutbox: Route = (app, { outbox }) => {
  if (!outbox) return
  app.route({
    method: 'GET',
    url: '/dev/outbox',
    ...(outbox.onlyHere && { onRequest: assertFromHere }),
    schema: {
      operationId: 'getOutbox',
      tags: ['Development'],
      summary: 'The latest messages',
      description:
        'For tests of programs that use this API, and for the demo: what would have been sent. Without `to`, to all numbers. Never in production.',
      querystring: Exactly({
        to: Type.Optional(Type.String({ pattern: E164, description: 'A number in E.164, the plus as `%2B`.' })),
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
