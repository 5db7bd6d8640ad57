import type { FastifyInstance, FastifyRequest } from 'fastify'
import { hashAdminKey } from '../core/account/admin-key.ts'
import { ADMIN_SCOPES, type AdminKeyStore, type FoundAdminKey } from '../core/account/admin-ports.ts'
import type { Journal } from '../core/audit/journal.ts'
import { isTypedUuid } from '../core/uuid.ts'
import { Problem } from '../errors.ts'
import type { Limiter } from '../http/rate-limit.ts'
import { bearerToken, contextOf } from '../routes/route.ts'

/** What is known of one call when it is answered. */
interface Call {
  key?: FoundAdminKey
  /** Why it was turned away, for the journal alone: the answer is the same for every key that opens nothing. */
  refusal?: 'no_key' | 'unknown' | 'expired' | 'revoked' | 'scope'
}

/** Whom a call was about: the user in the path, or the one it made. */
const userOf = ({ params }: FastifyRequest, status: number, payload: unknown): string | undefined => {
  const id = status === 201 ? JSON.parse(String(payload)).id : (params as { id?: unknown } | undefined)?.id
  return isTypedUuid(id) ? id : undefined
}

/**
 * Puts every route that is added to `app` from here on behind a key with the scope that its `config` names; a route that
 * names none cannot be added. What comes of each call is told to the journal before it is answered, with the key, the
 * route and the user, whether it was turned away or not.
 *
 * A key is looked up by its hash, whatever it looks like, and one that is unknown, expired or revoked gets the same
 * `invalid_token`. Calls without a good key are counted by address, and beyond the limit answered `rate_limited` without
 * a word in the journal, which a flood must not fill; good keys from the same address go on.
 */
export const guardRoutes = (
  app: FastifyInstance,
  { keys, journal, limit }: { keys: AdminKeyStore; journal: Journal; limit: Limiter },
): void => {
  const countRefused = limit('admin_refused')
  const calls = new WeakMap<FastifyRequest, Call>()

  app.addHook('onRoute', ({ method, url, config }) => {
    if (!ADMIN_SCOPES.some((scope) => scope === config?.scope)) throw new Error(`${method} ${url} demands no scope`)
  })

  app.addHook('onRequest', async function (request, reply) {
    const call: Call = {}
    calls.set(request, call)
    const turnAway = async (refusal: NonNullable<Call['refusal']>, problem: unknown) => {
      await countRefused.call(this, request, reply)
      call.refusal = refusal
      throw problem
    }
    let token = ''
    try {
      token = bearerToken(request)
    } catch (problem) {
      await turnAway('no_key', problem)
    }
    const key = await keys.use(hashAdminKey(token))
    if (key) call.key = key
    if (key?.state !== 'usable') return turnAway(key?.state ?? 'unknown', new Problem('invalid_token'))
    const { scope = '' } = request.routeOptions.config
    if (key.scopes.includes(scope)) return
    call.refusal = 'scope'
    throw new Problem('forbidden', { detail: `This key does not have the scope ${scope}.` })
  })

  app.addHook('onSend', async (request, { statusCode: status }, payload) => {
    const { key, refusal } = calls.get(request) ?? {}
    if (status === 429 && key?.state !== 'usable') return
    journal(refusal ? 'admin_refused' : 'admin_call', contextOf(request), {
      user_id: userOf(request, status, payload),
      key_id: key?.keyId,
      key: key?.name,
      operation: `${request.method} ${request.routeOptions.url}`,
      outcome: status < 400 ? 'ok' : JSON.parse(String(payload)).code,
      reason: refusal,
    })
  })
}
