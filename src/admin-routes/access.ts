import type { FastifyInstance, FastifyRequest } from 'fastify'
import { hashAdminKey } from '../core/account/admin-key.ts'
import { ADMIN_SCOPES, type AdminKeyStore, type FoundAdminKey } from '../core/account/admin-ports.ts'
import type { Journal } from '../core/audit/journal.ts'
import { isTypedUuid } from '../core/uuid.ts'
import { Problem } from '../errors.ts'
import type { Limiter } from '../http/rate-limit.ts'
import { bearerToken, contextOf } from '../routes/route.ts'

/** The facts about one call that the journal records. */
interface Call {
  key?: FoundAdminKey
  /** The reason of a refusal. Only the journal records it: the response is the same for every invalid key. */
  refusal?: 'no_key' | 'unknown' | 'expired' | 'revoked' | 'scope'
}

/** Returns the id of the user that a call concerned: the one in the path, or the one it created. */
const userOf = ({ params }: FastifyRequest, status: number, payload: unknown): string | undefined => {
  const id = status === 201 ? JSON.parse(String(payload)).id : (params as { id?: unknown } | undefined)?.id
  return isTypedUuid(id) ? id : undefined
}

/**
 * Requires an admin key for every route that is added to `app` afterwards. The key must have the scope in the route's
 * `config`; a route without a scope cannot be added. Each call, allowed or refused, is recorded in the journal before
 * its response is sent, with the key, the route and the user.
 *
 * Keys are looked up by their hash. Unknown, expired and revoked keys get the same `invalid_token`. Calls without a
 * valid key are counted for each address. Above the limit they get `rate_limited` and are not recorded, so that a flood
 * cannot fill the journal. Valid keys from the same address are not affected.
 */
export const guardRoutes = (
  app: FastifyInstance,
  { keys, journal, limit }: { keys: AdminKeyStore; journal: Journal; limit: Limiter },
): void => {
  const countRefused = limit('admin_refused')
  const calls = new WeakMap<FastifyRequest, Call>()

  app.addHook('onRoute', ({ method, url, config }) => {
    if (!ADMIN_SCOPES.some((scope) => scope === config?.scope))
      throw new Error(`${method} ${url} has no scope in its config`)
  })

  app.addHook('onRequest', async function (request, reply) {
    const call: Call = {}
    calls.set(request, call)
    const refuse = async (refusal: NonNullable<Call['refusal']>, problem: unknown) => {
      await countRefused.call(this, request, reply)
      call.refusal = refusal
      throw problem
    }
    let token = ''
    try {
      token = bearerToken(request)
    } catch (problem) {
      await refuse('no_key', problem)
    }
    const key = await keys.use(hashAdminKey(token))
    if (key) call.key = key
    if (key?.state !== 'usable') return refuse(key?.state ?? 'unknown', new Problem('invalid_token'))
    const { scope = '' } = request.routeOptions.config
    if (key.scopes.includes(scope)) return
    call.refusal = 'scope'
    throw new Problem('forbidden', { detail: `The admin key does not have the scope ${scope}.` })
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
