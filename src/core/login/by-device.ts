import type { Journal } from '../audit/journal.ts'
import { assertTime } from '../deadline.ts'
import { callerOf, type Grant, grant, prepareSession } from '../session/grant.ts'
import type { DeviceStore } from '../session/ports.ts'
import { withShortRetry } from '../session/refresh.ts'
import { repeat, rotate } from '../session/rotating-token.ts'
import type { Tokens } from '../session/tokens.ts'
import type { Account, PasswordAttempt, RequestContext } from '../terms.ts'

/** The dependencies of a login on a remembered device. */
export interface ByDeviceDeps {
  devices: DeviceStore
  tokens: Tokens
  journal: Journal
}

/**
 * Makes the function that opens a session of one factor for a remembered device, after a correct password. It returns
 * undefined for an unknown, expired or copied device token: the code is sent then.
 */
export const createByDevice =
  ({ devices, tokens, journal }: ByDeviceDeps) =>
  async (
    deviceToken: string,
    { account, attempt }: { account: Account; attempt: PasswordAttempt },
    context: RequestContext,
  ): Promise<Grant | undefined> => {
    const { userId, authEpoch } = account
    const { rotation, next } = rotate('device', deviceToken, tokens.successorKeys())
    const { session, refreshToken } = prepareSession(callerOf(context, undefined))
    assertTime(context)
    const result = await devices
      .openByDevice({ userId, authEpoch, token: rotation, attempt, session, amr: ['pwd'] })
      .catch(withShortRetry)
    if (result.outcome === 'unknown') return undefined
    const facts = { user_id: userId, device_id: result.deviceId }
    if (result.outcome === 'reused') {
      journal('device_reused', context, facts)
      return undefined
    }
    journal('device_used', context, { ...facts, session_id: session.sessionId })
    const token = result.outcome === 'rotated' ? next : repeat('device', deviceToken, result, tokens.successorKeys())
    return grant(tokens, result.session, refreshToken, token ? { token, expiresIn: result.lasts } : undefined)
  }
