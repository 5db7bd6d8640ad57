import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { problems } from '../routes/problems/schemas.ts'
import { answer, Moment } from '../routes/schemas.ts'
import { type AdminRoute, found } from './admin-route.ts'
import { ADMIN_PROBLEMS, Limit, limitOf, UserPath } from './schemas.ts'

const EventBody = Exactly(
  {
    at: Moment('When it was decided.'),
    event: Type.String({ description: 'What was decided, as `docs/audit.md` lists it.', examples: ['code_wrong'] }),
    address: Type.String({ description: 'Where the request came from.', examples: ['192.0.2.7'] }),
    request_id: Type.Union([Type.String(), Type.Null()], {
      description: '`X-Request-Id` of the request.',
      examples: ['0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'],
    }),
    facts: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'What else is kept of it: other members for each event.',
      examples: [{ factor: 'sms', attempts_left: 4 }],
    }),
  },
  { title: 'AuditEvent', description: 'A decision about a user.' },
)

const EXAMPLE = {
  events: [
    {
      at: '2026-11-24T09:30:00.000Z',
      event: 'code_wrong',
      address: '192.0.2.7',
      request_id: '0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11',
      facts: { factor: 'sms', attempts_left: 4 },
    },
  ],
}

const UserAudit = Exactly(
  { events: Type.Array(EventBody, { description: 'The latest first.' }) },
  { title: 'UserAudit', description: 'What was decided about a user.', examples: [EXAMPLE] },
)

/** `GET /admin/users/:id/audit`: what was decided about a user. */
export const listAudit: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id/audit',
    config: { scope: 'audit:read' },
    schema: {
      operationId: 'listUserAudit',
      tags: ['Users'],
      summary: 'What was decided about a user',
      description: 'The latest first. Each decision is there moments after it was made.',
      params: UserPath,
      querystring: Exactly({
        limit: Limit,
        before: Type.Optional(Moment('Only what is older; `at` of the last event for the next page.')),
      }),
      response: {
        200: answer('Decisions, the latest first.', UserAudit),
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id }, query: { limit, before } }) => {
      const events = await deps.auditOf(id, {
        limit: limitOf(limit),
        ...(before !== undefined && { before: new Date(before) }),
      })
      return {
        events: found(events).map(({ createdAt, event, address, requestId, facts }) => ({
          at: createdAt.toISOString(),
          event,
          address,
          request_id: requestId,
          facts,
        })),
      }
    },
  })
}
