import { Problem } from '../../errors.ts'
import { type BeginDeps, createBegin } from '../challenge/begin.ts'
import type { DeliveryOptions, OpenChallenge } from '../challenge/issue.ts'
import { assertTime } from '../deadline.ts'
import { callerOf, type Grant, grant, prepareSession } from '../session/grant.ts'
import type { DeviceStore } from '../session/ports.ts'
import { withShortRetry } from '../session/refresh.ts'
import { repeat, rotate } from '../session/rotating-token.ts'
import type { RequestContext } from '../terms.ts'
import { type AuthenticateDeps, type Authenticated, createAuthenticate } from './authenticate.ts'
import { usernameKey } from './username.ts'

/** The dependencies of `Login`. */
export interface FlowDeps extends BeginDeps, AuthenticateDeps {
  devices: DeviceStore
}

/** The input of step one. */
export interface LoginInput extends DeliveryOptions {
  username: string
  password: string
  /** The token of a remembered device, which replaces the code. */
  deviceToken?: string
  /** True to require both factors, even on a remembered device. */
  stepUp?: boolean
}

/** The result of step one: an open challenge, or the tokens of a session on a remembered device. */
export type LoginResult = { challenge: OpenChallenge } | { grant: Grant }

/** Exchanges a user name and a password for a challenge, or for a session where a remembered device is presented. */
export type Login = (input: LoginInput, context: RequestContext) => Promise<LoginResult>

/**
 * Makes `Login`, the first step: it opens a challenge and sends its code. A remembered device instead gets a session of
 * one factor at once (`acr` aal1, SP 800-63B-4 §5.1). An invalid device token is not an error: the code is sent.
 *
 * Throws what `createAuthenticate` throws and, only after a correct password, what `createBegin` throws.
 */
export const createLogin = (deps: FlowDeps): Login => {
  const { tokens, journal, devices } = deps
  const authenticate = createAuthenticate(deps)
  const begin = createBegin(deps)

  const byDevice = async (
    deviceToken: string,
    { account, attempt }: Authenticated,
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

  const proceed = async (
    input: LoginInput,
    context: RequestContext,
    authenticated: Authenticated,
  ): Promise<LoginResult> => {
    const { account, attempt, factor, destination } = authenticated
    const { username, password, deviceToken, stepUp, ...deliveryOptions } = input
    if (deviceToken !== undefined && !stepUp) {
      const granted = await byDevice(deviceToken, authenticated, context)
      if (granted) return { grant: granted }
    }
    const challenge = await begin(
      {
        ...deliveryOptions,
        purpose: 'login',
        account,
        factor,
        enrolled: destination,
        destination,
        password,
        parts: [usernameKey(username)],
        attempt,
        changed: () => {
          journal('login_failed', context, { user_id: account.userId, password_ok: true })
          return new Problem('invalid_credentials')
        },
      },
      context,
    )
    return { challenge }
  }

  return (input, context) =>
    authenticate(usernameKey(input.username), input.password, context, (authenticated) =>
      proceed(input, context, authenticated),
    )
}
