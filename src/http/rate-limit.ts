import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Redis } from 'ioredis'
import { createCircuit } from '../core/circuit.ts'
import { Problem } from '../errors.ts'
import { addressOf } from './address.ts'
import { type Count, createWindows } from './windows.ts'

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

/** Keys below their limit that this instance remembers. */
const LOCAL_KEYS = 100_000

/** Seconds after which an address starts anew. */
export const WINDOW = 60

/** How long Redis is left alone after it failed, in ms. */
const REDIS_OPEN_FOR = 1_000

/** The parts that a limiter is made of. */
export interface LimiterOptions {
  redis?: Redis | undefined
  enabled: boolean
  /** Monotonic clock, in ms: a wall clock may jump. The machine's by default. */
  elapsed?: (() => number) | undefined
}

type LimitName = keyof typeof ADDRESS_LIMITS

type CountRequest = (request: FastifyRequest) => Promise<Count>

const LIMITS = Object.entries(ADDRESS_LIMITS) as [LimitName, number][]

const keyOf = (name: LimitName, request: FastifyRequest) => `${name}:${normalizeIP(addressOf(request))}`

/** Appends to a header that is a list (RFC 9651 §3.1). */
const addEntry = (reply: FastifyReply, header: string, entry: string) => {
  const before = reply.getHeader(header)
  reply.header(header, before === undefined ? entry : `${before}, ${entry}`)
}

/** Counts in Redis, by its clock. Fails when that clock has jumped: a wait is never longer than the window. */
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
        if (limit.isAllowed) throw new Error('no count')
        if (limit.ttl < 0 || limit.ttl > WINDOW * 1000) throw new Error('the clock of Redis has jumped')
        return { count: limit.isExceeded ? max + 1 : max - limit.remaining, ttl: limit.ttl }
      })
    }
  })
  return counters
}

/**
 * The first fence: requests per address, counted before anything is parsed. With Redis all instances count together,
 * and while it does not answer each continues by itself. Nothing that must be exact is counted here.
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
      // This instance continues from here when Redis is lost.
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
