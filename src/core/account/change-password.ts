import { Problem } from '../../errors.ts'
import { normalizePassword } from '../challenge/password.ts'
import { assertTime } from '../deadline.ts'
import { type AuthenticateDeps, createAuthenticate } from '../login/authenticate.ts'
import { usernameKey } from '../login/username.ts'
import { stepUpProblem } from '../session/authorize.ts'
import { callerOf, type Grant, grant, prepareSession } from '../session/grant.ts'
import type { Authorized, SessionStore } from '../session/ports.ts'
import type { Tokens } from '../session/tokens.ts'
import type { RequestContext } from '../terms.ts'
import type { Notices, PasswordPolicy } from './ports.ts'

/** What a change of the password is made of. */
export interface ChangePasswordDeps extends AuthenticateDeps {
  sessions: SessionStore
  tokens: Tokens
  passwordPolicy: PasswordPolicy
  notices: Notices
}

/** Replaces the password of the caller's account, and the caller's session with a new one. */
export type ChangePassword = (
  authorized: Authorized,
  input: { currentPassword: string; newPassword: string },
  context: RequestContext,
) => Promise<Grant>

/**
 * Replaces the password of an account whose session is fresh and who knows the old one. All sessions, devices and pending
 * tokens end; the caller gets a new session in the place of its own, and the number of the account a notice.
 *
 * Throws `forbidden` without a fresh session, `password_rejected`, and what `createAuthenticate` throws: the old password is
 * counted and throttled here as at `/login`, or this would be the place to guess it.
 */
export const createChangePassword = (deps: ChangePasswordDeps): ChangePassword => {
  const { sessions, tokens, passwords, passwordPolicy, journal, notices } = deps
  const authenticate = createAuthenticate(deps, { evenIfLocked: true })

  return async ({ account, sessionId }, input, context) => {
    await passwordPolicy.assertAcceptable(input.newPassword, account.username)
    return authenticate(usernameKey(account.username), input.currentPassword, context, async (authenticated) => {
      const { userId, passwordHash } = authenticated.account
      if (normalizePassword(input.newPassword) === normalizePassword(input.currentPassword)) {
        throw new Problem('password_rejected', { detail: 'It is the password that you have.' })
      }
      const { session, refreshToken } = prepareSession(callerOf(context, undefined))
      const to = await passwords.hash(input.newPassword)
      assertTime(context)
      const opened = await sessions.changePassword({
        userId,
        sessionId,
        from: passwordHash!,
        to,
        attempt: authenticated.attempt,
        session,
      })
      if (!opened) {
        journal('password_refused', context, { user_id: userId, session_id: sessionId })
        throw stepUpProblem()
      }
      journal('password_changed', context, { user_id: userId, session_id: session.sessionId })
      notices.deliver(context)
      return grant(tokens, opened, refreshToken)
    })
  }
}
