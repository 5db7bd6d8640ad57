import { Type } from 'typebox'
import { problems } from '../routes/problem-schemas.ts'
import { Exactly } from '../routes/schemas.ts'
import { type AdminRoute, found } from './admin-route.ts'
import { ADMIN_PROBLEMS, Moment, UserPath } from './schemas.ts'

const SessionBody = Exactly({
  id: Type.String({ description: '`sid` of the access tokens of this session.' }),
  name: Type.Union([Type.String(), Type.Null()], { description: 'What the client calls itself.' }),
  address: Type.String({ description: 'Where it was seen last.' }),
  acr: Type.String({ description: '`aal1` or `aal2`.' }),
  amr: Type.Array(Type.String(), { description: 'How the user was authenticated (RFC 8176).' }),
  authenticated_at: Moment('When the factors were presented.'),
  last_used_at: Moment('When it was used last.'),
  expires_at: Moment('When it ends at the latest.'),
})

const EXAMPLE = {
  sessions: [
    {
      id: '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
      name: 'Firefox on Linux',
      address: '192.0.2.7',
      acr: 'aal2',
      amr: ['pwd', 'sms', 'mfa'],
      authenticated_at: '2026-11-24T09:30:00.000Z',
      last_used_at: '2026-11-24T09:40:00.000Z',
      expires_at: '2026-11-25T09:30:00.000Z',
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
      operationId: 'listSessions',
      tags: ['Sessions'],
      summary: 'Where a user is logged in',
      params: UserPath,
      response: {
        200: {
          description: 'The sessions that are not over, the latest used first; 100 at most.',
          ...Exactly({ sessions: Type.Array(SessionBody) }, { examples: [EXAMPLE] }),
        },
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id: userId } }) => {
      found(await deps.users.find({ userId }))
      const sessions = await deps.sessionsOf(userId)
      return {
        sessions: sessions.map(
          ({ sessionId: id, name, address, acr, amr, authenticatedAt, lastUsedAt, expiresAt }) => ({
            id,
            name,
            address,
            acr,
            amr,
            authenticated_at: authenticatedAt.toISOString(),
            last_used_at: lastUsedAt.toISOString(),
            expires_at: expiresAt.toISOString(),
          }),
        ),
      }
    },
  })
}
