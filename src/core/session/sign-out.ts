import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { RequestContext } from '../terms.ts'
import type { Authorized, DeviceStore, SessionStore } from './ports.ts'
import { hashToken } from './rotating-token.ts'

/** The ways to end sessions and forget devices, each told in the journal. */
export type SignOut = ReturnType<typeof createSignOut>

/** Ends what a login has begun. */
export const createSignOut = ({
  sessions,
  devices,
  journal,
}: {
  sessions: SessionStore
  devices: DeviceStore
  journal: Journal
}) => {
  /** Ends a session of the account. Throws `not_found` when it has no such open one. */
  const session = async ({ account }: Authorized, sessionId: string, context: RequestContext): Promise<void> => {
    if (!(await sessions.end({ userId: account.userId, sessionId }))) throw new Problem('not_found')
    journal('session_ended', context, { user_id: account.userId, session_id: sessionId })
  }

  return {
    session,

    /** Ends the session that a refresh token is of; false when there is none (RFC 7009 §2.2: which nobody is told). */
    async byRefreshToken(token: string, context: RequestContext): Promise<boolean> {
      const ended = await sessions.endByToken(hashToken(token))
      if (ended) journal('session_ended', context, { user_id: ended.userId, session_id: ended.sessionId })
      return ended !== undefined
    },

    /** Ends all sessions of the account but the one that asks. */
    async others({ account, sessionId }: Authorized, context: RequestContext): Promise<void> {
      const count = await sessions.endOthers({ userId: account.userId, sessionId })
      journal('sessions_ended', context, { user_id: account.userId, count })
    },

    /** Forgets a device of the account. Throws `not_found` when it has no such one. */
    async device({ account }: Authorized, deviceId: string, context: RequestContext): Promise<void> {
      if (!(await devices.forget({ userId: account.userId, deviceId }))) throw new Problem('not_found')
      journal('device_forgotten', context, { user_id: account.userId, device_id: deviceId })
    },

    /** Forgets all devices of the account. */
    async devices({ account }: Authorized, context: RequestContext): Promise<void> {
      const count = await devices.forgetAll(account.userId)
      journal('devices_forgotten', context, { user_id: account.userId, count })
    },
  }
}
