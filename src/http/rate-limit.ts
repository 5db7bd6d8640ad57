import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Redis } from 'ioredis'
import { Problem } from '../errors.ts'
import { addressOf } from './address.ts'

/** Requests a minute from one address: an IPv4 one, or an IPv6 /64. */
export const ADDRESS_LIMITS = {
  everything: 300,
  login: 20,
  verify: 30,
  refresh: 60,
  register: 10,
  receipts: 6_000,
  admin: 6_000,
  admin_refused: 20,
} as const

/**
 * An `onRequest` hook that counts, says in `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10)
 * what the address may still do, and throws `rate_limited` beyond the limit, whose `Retry-After` is the `t` of it.
 */
export type Limiter = (name: keyof typeof ADDRESS_LIMITS) => onRequestAsyncHookHandler

/** Addresses that the local store remembers: a flood of others cannot push out one that is being counted. */
const LOCAL_KEYS = 100_000

/** Seconds after which an address starts anew. */
const WINDOW = 60

type Check = Awaited<ReturnType<FastifyInstance['createRateLimit']>>

/** Appends to a header that is a list (RFC 9651 §3.1). */
const addEntry = (reply: FastifyReply, header: string, entry: string) => {
  const before = reply.getHeader(header)
  reply.header(header, before === undefined ? entry : `${before}, ${entry}`)
}

/**
 * The first fence: requests per address, counted before anything is parsed. With Redis all instances count together,
 * and while it does not answer each counts for itself. Nothing that must be exact is counted here.
 */
export const createLimiter = async (
  app: FastifyInstance,
  { redis, enabled }: { redis?: Redis | undefined; enabled: boolean },
): Promise<Limiter> => {
  if (!enabled) return () => async () => {}

  const checksIn = async (options: object) => {
    const checks = new Map<string, Check>()
    await app.register(async (scope) => {
      await scope.register(rateLimit, { global: false, cache: LOCAL_KEYS, ...options })
      for (const [name, max] of Object.entries(ADDRESS_LIMITS)) {
        checks.set(
          name,
          scope.createRateLimit({
            max,
            timeWindow: WINDOW * 1000,
            keyGenerator: (request: FastifyRequest) => `${name}:${normalizeIP(addressOf(request))}`,
          }),
        )
      }
    })
    return checks
  }
  const local = await checksIn({})
  const shared = redis && (await checksIn({ redis, nameSpace: 'doorcode:' }))

  return (name) => {
    const countLocally = local.get(name)!
    const countTogether = shared?.get(name)
    const count: Check = countTogether
      ? (request) => countTogether(request).catch(() => countLocally(request))
      : countLocally
    return async (request, reply) => {
      const limit = await count(request)
      if (limit.isAllowed) return
      const { max, remaining, ttlInSeconds, isExceeded } = limit
      const wait = Math.max(1, ttlInSeconds)
      addEntry(reply, 'ratelimit-policy', `"${name}";q=${max};w=${WINDOW}`)
      addEntry(reply, 'ratelimit', `"${name}";r=${remaining};t=${wait}`)
      if (isExceeded) throw new Problem('rate_limited', { retryAfter: wait })
    }
  }
}
