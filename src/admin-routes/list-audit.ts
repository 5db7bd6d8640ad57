import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { problems } from '../routes/problems/schemas.ts'
import { answer, Timestamp } from '../routes/schemas.ts'
import { type AdminRoute, requireFound } from './admin-route.ts'
import { ADMIN_PROBLEMS, Limit, limitOf, UserPath } from './schemas.ts'

const EventBody = Exactly(
  {
    at: Timestamp('The time of the decision.'),
    event: Type.String({ description: 'The event, as listed in `docs/audit.md`.', examples: ['code_wrong'] }),
    address: Type.String({ description: 'The IP address of the request.', examples: ['192.0.2.7'] }),
    request_id: Type.Union([Type.String(), Type.Null()], {
      description: '`X-Request-Id` of the request.',
      examples: ['0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'],
    }),
    facts: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'Further facts about the decision. The members depend on the event.',
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
  { events: Type.Array(EventBody, { description: 'The decisions, latest first.' }) },
  { title: 'UserAudit', description: 'The audit trail of a user.', examples: [EXAMPLE] },
)

/** `GET /admin/users/:id/audit` returns the audit trail of a user. */
export const listAudit: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id/audit',
    config: { scope: 'audit:read' },
    schema: {
      operationId: 'listUserAudit',
      tags: ['Users'],
      summary: 'List the audit trail of a user',
      description: 'Returns decisions, latest first. A decision appears a moment after it was made.',
      params: UserPath,
      querystring: Exactly({
        limit: Limit,
        before: Type.Optional(
          Timestamp('Returns only decisions before this time. For the next page, send `at` of the last event.'),
        ),
      }),
      response: {
        200: answer('The decisions, latest first.', UserAudit),
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id }, query: { limit, before } }) => {
      const events = await deps.auditOf(id, {
        limit: limitOf(limit),
        ...(before !== undefined && { before: new Date(before) }),
      })
      return {
        events: requireFound(events).map(({ createdAt, event, address, requestId, facts }) => ({
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
