import type { FastifyInstance } from 'fastify'
import type { Tokens } from '../../core/session/tokens.ts'
import { activeKey } from '../../keys/rotation.ts'
import { type AccessTokenOptions, createAccessTokens } from './access.ts'
import { createPendingTokens, type PendingTokenOptions } from './pending.ts'

/** The settings of access tokens and pending tokens. */
export interface TokenOptions extends AccessTokenOptions, PendingTokenOptions {}

/**
 * Registers @fastify/jwt for each kind of token and returns the port that signs and verifies all tokens of the service.
 * Throws if a signing key cannot be used, and names the key.
 */
export const createTokens = async (app: FastifyInstance, options: TokenOptions): Promise<Tokens> => {
  const { secrets, now } = options
  const clock = () => Math.floor(now() / 1000)
  return {
    ...(await createAccessTokens(app, options)),
    ...(await createPendingTokens(app, options)),
    clock,

    secret() {
      const { id, pepper } = activeKey(secrets.current(), clock())
      return { id, pepper }
    },

    successorKeys() {
      const all = secrets.current()
      const current = activeKey(all, clock())
      return [current, ...all.filter((one) => one !== current)].map(({ successorKey }) => successorKey)
    },
  }
}
