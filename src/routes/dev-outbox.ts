import { Type } from 'typebox'
import { problems } from './problem-schemas.ts'
import type { Route } from './route.ts'
import { ChannelName, Exactly } from './schemas.ts'

const Message = Exactly({
  to: Type.String({ examples: ['+12025550143'] }),
  channel: ChannelName,
  body: Type.String({ description: 'The text, or what a call says.' }),
  sent_at: Type.String({ format: 'date-time' }),
})

/** `GET /dev/outbox`: the messages that were not really sent, for the tests of programs that use this API. */
export const devOutbox: Route = (app, { outbox }) => {
  if (!outbox) return
  app.route({
    method: 'GET',
    url: '/dev/outbox',
    schema: {
      operationId: 'getOutbox',
      tags: ['Development'],
      summary: 'The latest messages to a number, newest first',
      querystring: Exactly({
        to: Type.String({ pattern: '^\\+[1-9][0-9]{1,14}$', description: 'A number in E.164, the plus as `%2B`.' }),
      }),
      response: {
        200: {
          description: 'The messages.',
          ...Exactly({ messages: Type.Array(Message) }, { examples: [{ messages: [] }] }),
        },
        ...problems('validation_failed'),
      },
    },
    handler: async ({ query }) => ({
      messages: outbox.find(query.to).map(({ to, channel, body, sentAt }) => ({ to, channel, body, sent_at: sentAt })),
    }),
  })
}
