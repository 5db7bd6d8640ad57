import { Problem } from '../../errors.ts'
import type { Authorized, SessionStore } from './ports.ts'
import type { Tokens } from './tokens.ts'

/** Returns the account and session of an access token. */
export type Authorize = (accessToken: string, options?: { fresh: boolean }) => Promise<Authorized>

/**
 * Makes `Authorize`. It reads the session from the store, so that a changed account or an ended session is refused at
 * once (ASVS 7.4.1). The token's signature alone would stay valid for minutes. With `fresh`, both factors must have been
 * proved recently.
 *
 * Throws `invalid_token`, and `forbidden` when only a login with both factors is missing.
 */
export const createAuthorize =
  ({ sessions, tokens }: { sessions: SessionStore; tokens: Tokens }): Authorize =>
  async (accessToken, { fresh } = { fresh: false }) => {
    const authorized = await sessions.findAuthorized(tokens.verifyAccess(accessToken))
    if (!authorized) throw new Problem('invalid_token')
    if (fresh && !authorized.fresh) throw stepUpProblem()
    return authorized
  }

/** Makes the problem that requires a login with both factors. */
export const stepUpProblem = (): Problem =>
  new Problem('forbidden', {
    required: 'aal2',
    detail: 'Log in again with both factors (`POST /login` with `step_up`), and repeat the call with the new token.',
  })
