import { type Static, Type } from 'typebox'
import type { SessionView } from '../core/session/ports.ts'
import { Acr, ClientAddress, ClientName, Id, Timestamp } from './schemas.ts'

/** The schemas of the members of a session, for its user and for the admin API. */
export const SESSION_MEMBERS = {
  id: Id('The id of the session: `sid` of its access tokens.'),
  name: ClientName,
  address: ClientAddress,
  acr: Acr,
  by_device: Type.Boolean({
    description: 'Whether a remembered device replaced the code at the login.',
    examples: [false],
  }),
  created_at: Timestamp('The time of the login.'),
  last_used_at: Timestamp('The time of the last refresh.'),
  expires_at: Timestamp('The time at which the session ends unless it is refreshed.'),
}

/** An example of a session. */
export const SESSION_EXAMPLE = {
  id: '0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11',
  name: 'Kitchen phone',
  address: '203.0.113.7',
  acr: 'aal2',
  by_device: false,
  created_at: '2026-11-24T10:00:00.000Z',
  last_used_at: '2026-11-24T10:50:00.000Z',
  expires_at: '2026-11-24T11:50:00.000Z',
}

/** Returns the response body of a session. */
export const sessionBody = (session: SessionView): Static<ReturnType<typeof Type.Object<typeof SESSION_MEMBERS>>> => ({
  id: session.sessionId,
  name: session.name,
  address: session.address,
  acr: session.acr,
  by_device: session.byDevice,
  created_at: session.createdAt.toISOString(),
  last_used_at: session.lastUsedAt.toISOString(),
  expires_at: session.expiresAt.toISOString(),
})
