import { Problem } from '../../errors.ts'
import { normalizePassword } from '../challenge/password.ts'
import { assertTime } from '../deadline.ts'
import { type AuthenticateDeps, createAuthenticate } from '../login/login.ts'
import { usernameKey } from '../login/username.ts'
import { stepUpProblem } from '../session/authorize.ts'
import { callerOf, type Grant, grant, prepareSession } from '../session/grant.ts'
import type { Authorized, SessionStore } from '../session/ports.ts'
import type { Tokens } from '../session/tokens.ts'
import type { RequestContext } from '../terms.ts'
import type { Notices, PasswordPolicy } from './ports.ts'

/** The dependencies of `ChangePassword`. */
export interface ChangePasswordDeps extends AuthenticateDeps {
  sessions: SessionStore
  tokens: Tokens
  passwordPolicy: PasswordPolicy
  notices: Notices
}

/** Replaces the password of the caller's account, and the caller's session by a new one. */
export type ChangePassword = (
  authorized: Authorized,
  input: { currentPassword: string; newPassword: string },
  context: RequestContext,
) => Promise<Grant>

/**
 * Makes `ChangePassword`. The session must be fresh and the current password correct. The change ends all sessions,
 * devices and pending tokens. The caller gets a new session, and the number of the account a notice.
 *
 * Throws `forbidden` without a fresh session, `password_rejected`, and what `createAuthenticate` throws. Wrong current
 * passwords are counted and throttled as at `/login`; otherwise attackers could guess the password here.
 */
export const createChangePassword = (deps: ChangePasswordDeps): ChangePassword => {
  const { sessions, tokens, passwords, passwordPolicy, journal, notices } = deps
  const authenticate = createAuthenticate(deps, { evenIfLocked: true })

  return async ({ account, sessionId }, input, context) => {
    await passwordPolicy.assertAcceptable(input.newPassword, account.username)
    return authenticate(usernameKey(account.username), input.currentPassword, context, async (authenticated) => {
      const { userId, passwordHash } = authenticated.account
      if (normalizePassword(input.newPassword) === normalizePassword(input.currentPassword)) {
        throw new Problem('password_rejected', { detail: 'The new password must differ from the current one.' })
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
