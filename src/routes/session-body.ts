import { type Static, Type } from 'typebox'
import type { SessionView } from '../core/session/ports.ts'
import { Acr, Id, Moment, Nameable, PlaceOfUse } from './schemas.ts'

/** The members of a session, as its user and operators see it. */
export const SESSION_MEMBERS = {
  id: Id('`sid` of its access tokens.'),
  name: Nameable,
  address: PlaceOfUse,
  acr: Acr,
  by_device: Type.Boolean({
    description: 'Whether a remembered device stood in for the code.',
    examples: [false],
  }),
  created_at: Moment('When it was opened.'),
  last_used_at: Moment('When it was refreshed last.'),
  expires_at: Moment('When it ends, if nobody uses it.'),
}

/** One for the documents. */
export const SESSION_EXAMPLE = {
  id: '0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11',
  name: 'Telephone in the kitchen',
  address: '203.0.113.7',
  acr: 'aal2',
  by_device: false,
  created_at: '2026-11-24T10:00:00.000Z',
  last_used_at: '2026-11-24T10:50:00.000Z',
  expires_at: '2026-11-24T11:50:00.000Z',
}

/** A session in the contract's spelling. */
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
