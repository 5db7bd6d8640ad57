import { randomUUID } from 'node:crypto'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Redis } from 'ioredis'
import { ANSWER_WITHIN } from '../core/deadline.ts'
import { BODY_LIMIT } from '../core/limits.ts'
import { createTrust } from './address.ts'
import { registerCleanText } from './clean-text.ts'
import { registerClosing } from './closing.ts'
import { registerCompilers } from './compilers.ts'
import { registerDeadline } from './deadline.ts'
import { registerHeaders } from './headers.ts'
import { registerMediaTypes } from './media-types.ts'
import { createProblemLog } from './problem-log.ts'
import { clientErrorHandler, frameworkErrors, registerProblems } from './problems.ts'
import { type ADDRESS_LIMITS, createLimiter } from './rate-limit.ts'
import { registerRequestLog } from './request-log.ts'
import { registerRequestRules } from './request-rules.ts'

/** The options that the server process passes to each app. */
export interface HttpOptions {
  logger: FastifyBaseLogger
  /** Address ranges of the proxies whose `X-Forwarded-For` is trusted. */
  trustProxy: readonly string[]
  rateLimit: boolean
  /** Redis for shared rate limit counters; undefined to count in this process only. */
  redis?: Redis | undefined
  /** Monotonic clock of rate limits, in ms. Default: the machine's clock. */
  elapsed?: (() => number) | undefined
  /** Maximum time to a response, in ms. Default: 4.8 s. */
  answerWithin?: number
  /** Returns true once the process is about to stop. */
  isStopping?: (() => boolean) | undefined
}

/** The options of an app, independent of its routes. */
export interface BareAppOptions extends HttpOptions {
  /** The base URL of problem types. */
  issuer: string
  /** Origins whose scripts may read responses. An empty list disables CORS. */
  corsOrigins: readonly string[]
  /** Allow those scripts to send cookies. */
  corsCredentials?: boolean
  /** The rate limit that counts every request. */
  everyRequest: keyof typeof ADDRESS_LIMITS
  /** Routes whose GET, HEAD and POST requests this limit does not count. */
  exempt?: RegExp
  /** Routes whose query comes from a provider, which signed it unchanged. */
  providerQuery?: RegExp
}

/** Log levels below `warn`. */
const VERBOSE = new Set(['trace', 'debug', 'info'])

/** The methods of exempt routes. Requests with another method are counted. */
const READING_OR_POSTING = new Set(['GET', 'HEAD', 'POST'])

const NONE = /(?!)/

/**
 * Creates an app without routes: the base of the main app and the admin app. Every response has the security headers,
 * and every error is a problem. Opens no socket. Also returns the limiter, for routes with their own rate limits.
 */
export const createBareApp = async (options: BareAppOptions) => {
  const { issuer, logger, trustProxy, corsOrigins, exempt = NONE, providerQuery = NONE } = options
  const problems = { issuer, log: createProblemLog() }
  const app = fastify({
    // Fastify's own info lines only repeat the listening addresses. The caller of `listen` logs them in one line.
    loggerInstance: logger.child({}, { level: VERBOSE.has(logger.level) ? 'warn' : logger.level }),
    childLoggerFactory: (_instance, bindings, options) => logger.child(bindings, options),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: () => randomUUID(),
    trustProxy: trustProxy.length > 0 ? createTrust(trustProxy) : false,
    bodyLimit: BODY_LIMIT,
    // requestTimeout has no effect while headersTimeout is longer. Both are checked at connectionsCheckingInterval.
    requestTimeout: 10_000,
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // Fastify's 503 would not be a problem. Readiness reports the shutdown instead.
    return503OnClosing: false,
    frameworkErrors: frameworkErrors(problems),
    clientErrorHandler: clientErrorHandler(issuer),
  }).withTypeProvider<TypeBoxTypeProvider>()

  registerCompilers(app)
  registerHeaders(app)
  registerClosing(app, options.isStopping)
  registerDeadline(app, options.answerWithin ?? ANSWER_WITHIN)
  registerRequestLog(app, { trustsProxy: trustProxy.length > 0 })
  registerProblems(app, problems)
  const limit = await createLimiter(app, { ...options, enabled: options.rateLimit })
  const everything = limit(options.everyRequest)
  if (corsOrigins.length > 0) {
    // The CORS plug-in answers preflights itself, so they are counted first. All other requests are counted after it,
    // so that scripts can read the 429.
    app.addHook('onRequest', async function (request, reply) {
      if (request.method === 'OPTIONS') await everything.call(this, request, reply)
    })
    await app.register(cors, {
      origin: [...corsOrigins],
      credentials: options.corsCredentials ?? false,
      methods: ['GET', 'POST', 'DELETE'],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit-Policy', 'RateLimit', 'WWW-Authenticate'],
      maxAge: 600,
      strictPreflight: false,
    })
  }
  app.addHook('onRequest', async function (request, reply) {
    // Health checks are exempt from rate limits, so that a flood does not look like an outage.
    // Providers send receipts from few addresses, so receipts have a separate limit.
    const isExempt = exempt.test(request.routeOptions.url ?? '') && READING_OR_POSTING.has(request.method)
    const isCounted = corsOrigins.length > 0 && request.method === 'OPTIONS'
    if (!isExempt && !isCounted) await everything.call(this, request, reply)
  })
  registerRequestRules(app)
  registerMediaTypes(app)
  registerCleanText(app, { providerQuery })
  return { app, limit }
}
