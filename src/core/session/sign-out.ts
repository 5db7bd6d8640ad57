import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { RequestContext } from '../terms.ts'
import type { Authorized, DeviceStore, SessionStore } from './ports.ts'
import { hashToken } from './rotating-token.ts'

/** Ends sessions and forgets devices. The journal records each. */
export interface SignOut {
  /** Ends a session of the account. Throws `not_found` when the account has no such open session. */
  session(authorized: Authorized, sessionId: string, context: RequestContext): Promise<void>
  /**
   * Ends the session of a refresh token. Returns false without one (RFC 7009 §2.2: the response must not reveal it).
   */
  byRefreshToken(token: string, context: RequestContext): Promise<boolean>
  /** Ends all sessions of the account except the caller's. */
  others(authorized: Authorized, context: RequestContext): Promise<void>
  /** Forgets a device of the account. Throws `not_found` when the account has no such device. */
  device(authorized: Authorized, deviceId: string, context: RequestContext): Promise<void>
  /** Forgets all devices of the account. */
  devices(authorized: Authorized, context: RequestContext): Promise<void>
}

/** Makes `SignOut`. */
export const createSignOut = ({
  sessions,
  devices,
  journal,
}: {
  sessions: SessionStore
  devices: DeviceStore
  journal: Journal
}): SignOut => ({
  async session({ account }, sessionId, context) {
    if (!(await sessions.end({ userId: account.userId, sessionId }))) throw new Problem('not_found')
    journal('session_ended', context, { user_id: account.userId, session_id: sessionId })
  },

  async byRefreshToken(token, context) {
    const ended = await sessions.endByToken(hashToken(token))
    if (ended) journal('session_ended', context, { user_id: ended.userId, session_id: ended.sessionId })
    return ended !== undefined
  },

  async others({ account, sessionId }, context) {
    const count = await sessions.endOthers({ userId: account.userId, sessionId })
    journal('sessions_ended', context, { user_id: account.userId, count })
  },

  async device({ account }, deviceId, context) {
    if (!(await devices.forget({ userId: account.userId, deviceId }))) throw new Problem('not_found')
    journal('device_forgotten', context, { user_id: account.userId, device_id: deviceId })
  },

  async devices({ account }, context) {
    const count = await devices.forgetAll(account.userId)
    journal('devices_forgotten', context, { user_id: account.userId, count })
  },
})
