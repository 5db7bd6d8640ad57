import { Problem, withRetryAfter } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { RequestContext } from '../terms.ts'
import { type Grant, grant } from './grant.ts'
import type { SessionStore } from './ports.ts'
import { repeat, rotate } from './rotating-token.ts'
import type { Tokens } from './tokens.ts'

/** Shortens Retry-After, so that a client that lost a response can retry several times within the grace period. */
export const withShortRetry = (error: unknown): never => {
  throw error instanceof Problem ? withRetryAfter(error, 1 + Math.round(Math.random())) : error
}

/** Exchanges a refresh token for an access token and the next refresh token. */
export type Refresh = (token: string, context: RequestContext) => Promise<Grant>

/**
 * Makes `Refresh` (RFC 6749 §6, RFC 9700 §4.14.2).
 *
 * Each token can be used once. Presented again within two minutes, and before its successor was used, it returns the
 * same successor: the response was lost, or a client asked twice. Any other reuse means that the token was copied, and
 * the whole session ends. Throws `invalid_token`, alike for an unknown, an expired and a used token.
 */
export const createRefresh =
  ({ sessions, tokens, journal }: { sessions: SessionStore; tokens: Tokens; journal: Journal }): Refresh =>
  async (token, context) => {
    const { rotation, next } = rotate('refresh', token, tokens.successorKeys())
    const result = await sessions.refresh({ ...rotation, address: context.address }).catch(withShortRetry)
    switch (result.outcome) {
      case 'rotated':
        journal('session_refreshed', context, { user_id: result.session.userId, session_id: result.session.sessionId })
        return grant(tokens, result.session, next)
      case 'repeated': {
        const same = repeat('refresh', token, result, tokens.successorKeys())
        if (same) return grant(tokens, result.session, same)
        break
      }
      case 'reused':
        journal('session_reused', context, { user_id: result.userId, session_id: result.sessionId })
        break
      case 'gone':
        journal('refresh_refused', context, {})
    }
    throw new Problem('invalid_token', { detail: 'The session is over. Start again at `POST /login`.' })
  }
