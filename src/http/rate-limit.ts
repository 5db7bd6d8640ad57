import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Redis } from 'ioredis'
import { createCircuit } from '../core/circuit.ts'
import { Problem } from '../errors.ts'
import { addressOf } from './address.ts'
import { type Count, createWindows } from './windows.ts'

/** Maximum number of requests in one minute from one address: an IPv4 address or an IPv6 /64. */
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
 * Creates an `onRequest` hook that counts requests of an address. The hook sets `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers-10). Above the limit it throws `rate_limited`, with the `t` of `RateLimit` as
 * `Retry-After`.
 */
export type Limiter = (name: keyof typeof ADDRESS_LIMITS) => onRequestAsyncHookHandler

/** Maximum number of keys below their limit that this instance stores. */
const LOCAL_KEYS = 100_000

/** Length of a rate limit window, in seconds. */
export const WINDOW = 60

/** Time for which Redis is skipped after a failure, in ms. */
const REDIS_OPEN_FOR = 1_000

/** The options of a limiter. */
export interface LimiterOptions {
  redis?: Redis | undefined
  enabled: boolean
  /** Monotonic clock in ms, because a wall clock may jump. Default: the machine's clock. */
  elapsed?: (() => number) | undefined
}

type LimitName = keyof typeof ADDRESS_LIMITS

type CountRequest = (request: FastifyRequest) => Promise<Count>

const LIMITS = Object.entries(ADDRESS_LIMITS) as [LimitName, number][]

const keyOf = (name: LimitName, request: FastifyRequest) => `${name}:${normalizeIP(addressOf(request))}`

/** Appends an entry to a header that is a list (RFC 9651 §3.1). */
const addEntry = (reply: FastifyReply, header: string, entry: string) => {
  const before = reply.getHeader(header)
  reply.header(header, before === undefined ? entry : `${before}, ${entry}`)
}

/** Creates counters in Redis, which use its clock. They fail if that clock jumps, because a wait never exceeds a window. */
const countersInRedis = async (app: FastifyInstance, redis: Redis): Promise<Map<LimitName, CountRequest>> => {
  const counters = new Map<LimitName, CountRequest>()
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false, redis, nameSpace: 'doorcode:' })
    for (const [name, max] of LIMITS) {
      const count = scope.createRateLimit({
        max,
        timeWindow: WINDOW * 1000,
        keyGenerator: (request: FastifyRequest) => keyOf(name, request),
      })
      counters.set(name, async (request) => {
        const limit = await count(request)
        if (limit.isAllowed) throw new Error('Redis returned no count')
        if (limit.ttl < 0 || limit.ttl > WINDOW * 1000) throw new Error('the clock of Redis has jumped')
        return { count: limit.isExceeded ? max + 1 : max - limit.remaining, ttl: limit.ttl }
      })
    }
  })
  return counters
}

/**
 * Creates the rate limits for each address, which count before anything is parsed. With Redis, all instances share the
 * counters; while Redis does not respond, each instance counts alone. Limits that must be exact are in the database.
 */
export const createLimiter = async (
  app: FastifyInstance,
  { redis, enabled, elapsed = () => performance.now() }: LimiterOptions,
): Promise<Limiter> => {
  if (!enabled) return () => async () => {}
  const windows = createWindows({ length: WINDOW * 1000, size: LOCAL_KEYS, now: elapsed })
  const shared = redis && (await countersInRedis(app, redis))
  const circuit = createCircuit({
    failures: 1,
    openFor: REDIS_OPEN_FOR,
    now: elapsed,
    onChange: (state, error) =>
      app.log.warn({ event: 'redis_circuit', state, err: error }, `rate limits in Redis: circuit ${state}`),
  })

  return (name) => {
    const max = ADDRESS_LIMITS[name]
    const countTogether = shared?.get(name)
    const countLocally: CountRequest = async (request) => windows.add(keyOf(name, request), max)
    const countAndKeep = async (request: FastifyRequest, count: CountRequest) => {
      const counted = await count(request)
      // This instance continues from this count if Redis fails.
      windows.set(keyOf(name, request), max, counted)
      return counted
    }
    return async (request, reply) => {
      const { count, ttl } = countTogether
        ? await circuit(
            () => countAndKeep(request, countTogether),
            () => countLocally(request),
          )
        : await countLocally(request)
      const wait = Math.max(1, Math.ceil(ttl / 1000))
      addEntry(reply, 'ratelimit-policy', `"${name}";q=${max};w=${WINDOW}`)
      addEntry(reply, 'ratelimit', `"${name}";r=${Math.max(0, max - count)};t=${wait}`)
      if (count > max) throw new Problem('rate_limited', { retryAfter: wait })
    }
  }
}
