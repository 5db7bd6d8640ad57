import { Type } from 'typebox'
import { problems } from '../routes/problem-schemas.ts'
import { Exactly, Id, Moment, Nameable, PlaceOfUse } from '../routes/schemas.ts'
import { type AdminRoute, found } from './admin-route.ts'
import { ADMIN_PROBLEMS, UserPath } from './schemas.ts'

const SessionBody = Exactly({
  id: Id('`sid` of its access tokens.'),
  name: Nameable,
  address: PlaceOfUse,
  acr: Type.Enum(['aal1', 'aal2'], { description: 'One factor, or both.', examples: ['aal2'] }),
  by_device: Type.Boolean({ description: 'Whether a remembered device stood in for the code.' }),
  created_at: Moment('When it was opened.'),
  last_used_at: Moment('When it was refreshed last.'),
  expires_at: Moment('When it ends, if nobody uses it.'),
})

const EXAMPLE = {
  sessions: [
    {
      id: '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
      name: 'Telephone in the kitchen',
      address: '203.0.113.7',
      acr: 'aal2',
      by_device: false,
      created_at: '2026-11-24T09:30:00.000Z',
      last_used_at: '2026-11-24T09:40:00.000Z',
      expires_at: '2026-11-24T10:40:00.000Z',
    },
  ],
}

/** `GET /admin/users/:id/sessions`: where a user is logged in. */
export const listSessions: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id/sessions',
    config: { scope: 'sessions:read' },
    schema: {
      operationId: 'listUserSessions',
      tags: ['Sessions'],
      summary: 'Where a user is logged in',
      params: UserPath,
      response: {
        200: {
          description: 'The open sessions, the last used first.',
          ...Exactly({ sessions: Type.Array(SessionBody) }, { examples: [EXAMPLE] }),
        },
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id: userId } }) => {
      found(await deps.users.find({ userId }))
      const sessions = await deps.sessions.list(userId)
      return {
        sessions: sessions.map(({ sessionId, name, address, acr, byDevice, createdAt, lastUsedAt, expiresAt }) => ({
          id: sessionId,
          name,
          address,
          acr,
          by_device: byDevice,
          created_at: createdAt.toISOString(),
          last_used_at: lastUsedAt.toISOString(),
          expires_at: expiresAt.toISOString(),
        })),
      }
    },
  })
}
