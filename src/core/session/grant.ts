import { randomUUID } from 'node:crypto'
import type { RequestContext } from '../terms.ts'
import type { Caller, NewDevice, NewSession, OpenSession } from './ports.ts'
import { hashToken, makeToken } from './rotating-token.ts'
import type { Tokens } from './tokens.ts'

/** A token that is exchanged for its successor. */
interface Renewable {
  token: string
  /** Whole seconds until it expires, if it is not used. */
  expiresIn: number
}

/** The tokens that a client holds after a login. */
export interface Grant {
  accessToken: string
  /** Whole seconds. */
  expiresIn: number
  refresh: Renewable
  /** The token of a remembered device. */
  device?: Renewable
}

/** A session to open, and its refresh token. */
export interface PreparedSession {
  session: NewSession
  refreshToken: string
}

/** Makes the ids and tokens of a session. */
export const prepareSession = (caller: Caller): PreparedSession => {
  const refreshToken = makeToken('refresh')
  return { session: { ...caller, sessionId: randomUUID(), refreshHash: hashToken(refreshToken) }, refreshToken }
}

/** Makes the id and token of a device. */
export const prepareDevice = (): { device: NewDevice; token: string } => {
  const token = makeToken('device')
  return { device: { deviceId: randomUUID(), tokenHash: hashToken(token) }, token }
}

/** Returns the caller for the list of sessions; `name` is the client's name for itself. */
export const callerOf = (context: RequestContext, name: string | undefined): Caller => ({
  name: name ?? context.client,
  address: context.address,
})

/** Signs the tokens of an open session. Call it only after the session is committed. */
export const grant = (tokens: Tokens, session: OpenSession, refreshToken: string, device?: Renewable): Grant => {
  const { token, expiresIn } = tokens.signAccess(session)
  return {
    accessToken: token,
    expiresIn,
    refresh: { token: refreshToken, expiresIn: session.lasts },
    ...(device && { device }),
  }
}
