import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Redis } from 'ioredis'
import { Problem } from '../errors.ts'
import { addressOf } from './address.ts'

/** Requests a minute from one address: an IPv4 one, or an IPv6 /64. */
export const ADDRESS_LIMITS = { everything: 300, login: 20, verify: 30, receipts: 6_000 } as const

/** An `onRequest` hook that counts, and throws `rate_limited` beyond the limit. */
export type Limiter = (name: keyof typeof ADDRESS_LIMITS) => onRequestAsyncHookHandler

/** Addresses that the local store remembers: a flood of others cannot push out one that is being counted. */
const LOCAL_KEYS = 100_000

type Check = Awaited<ReturnType<FastifyInstance['createRateLimit']>>

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
            timeWindow: '1 minute',
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
    return async (request) => {
      const limit = await count(request)
      if (!limit.isAllowed && limit.isExceeded)
        throw new Problem('rate_limited', { retryAfter: Math.max(1, limit.ttlInSeconds) })
    }
  }
}
