import { randomUUID } from 'node:crypto'
import type { RequestContext } from '../terms.ts'
import type { Caller, NewDevice, NewSession, OpenSession } from './ports.ts'
import { hashToken, makeToken } from './rotating-token.ts'
import type { Tokens } from './tokens.ts'

/** A token that can be exchanged for the next. */
interface Renewable {
  token: string
  /** Whole seconds until it is worth nothing, if nobody uses it. */
  expiresIn: number
}

/** What a caller holds after a login. */
export interface Grant {
  accessToken: string
  /** Whole seconds. */
  expiresIn: number
  refresh: Renewable
  /** For a device that is to be remembered, or is. */
  device?: Renewable
}

/** A session about to be opened, and the token that its owner will hold. */
export interface PreparedSession {
  session: NewSession
  refreshToken: string
}

/** Makes ids and tokens for a session. */
export const prepareSession = (caller: Caller): PreparedSession => {
  const refreshToken = makeToken('refresh')
  return { session: { ...caller, sessionId: randomUUID(), refreshHash: hashToken(refreshToken) }, refreshToken }
}

/** Makes id and token for a device. */
export const prepareDevice = (): { device: NewDevice; token: string } => {
  const token = makeToken('device')
  return { device: { deviceId: randomUUID(), tokenHash: hashToken(token) }, token }
}

/** Who asks, for the list of sessions. */
export const callerOf = (context: RequestContext, name: string | undefined): Caller => ({
  name: name ?? context.client,
  address: context.address,
})

/** The tokens for a session that is open: signed only after it was committed. */
export const grant = (tokens: Tokens, session: OpenSession, refreshToken: string, device?: Renewable): Grant => {
  const { token, expiresIn } = tokens.signAccess(session)
  return {
    accessToken: token,
    expiresIn,
    refresh: { token: refreshToken, expiresIn: session.lasts },
    ...(device && { device }),
  }
}
