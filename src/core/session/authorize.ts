import { Problem } from '../../errors.ts'
import type { Authorized, SessionStore } from './ports.ts'
import type { Tokens } from './tokens.ts'

/** Lets through whom an access token speaks for. */
export type Authorize = (accessToken: string, options?: { fresh: boolean }) => Promise<Authorized>

/**
 * Who an access token speaks for, asked of the store: an account that was changed, or a session that was ended, is refused
 * at once (ASVS 7.4.1), though the token's signature is good for minutes. With `fresh`, both factors must have been
 * presented a short while ago.
 *
 * Throws `invalid_token`, and `forbidden` where only a login with both factors is missing.
 */
export const createAuthorize =
  ({ sessions, tokens }: { sessions: SessionStore; tokens: Tokens }): Authorize =>
  async (accessToken, { fresh } = { fresh: false }) => {
    const authorized = await sessions.findAuthorized(tokens.verifyAccess(accessToken))
    if (!authorized) throw new Problem('invalid_token')
    if (fresh && !authorized.fresh) throw stepUpProblem()
    return authorized
  }

/** That the caller must log in with both factors first. */
export const stepUpProblem = (): Problem =>
  new Problem('forbidden', {
    required: 'aal2',
    detail: 'Log in again with both factors (`POST /login` with `step_up`), and repeat the call with the new token.',
  })
