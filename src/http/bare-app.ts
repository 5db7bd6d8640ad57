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

/** What each of our apps gets from the process that serves it. */
export interface HttpOptions {
  logger: FastifyBaseLogger
  /** Ranges of the proxies whose `X-Forwarded-For` is believed. */
  trustProxy: readonly string[]
  rateLimit: boolean
  /** Shared counters of rate limits; undefined to count in this process alone. */
  redis?: Redis | undefined
  /** Monotonic clock of rate limits, in ms; the machine's by default. */
  elapsed?: (() => number) | undefined
  /** Longest time to an answer, in ms; 4.8 s by default. */
  answerWithin?: number
  /** Returns true once the process is about to stop. */
  isStopping?: (() => boolean) | undefined
}

/** What one of our apps is made of, whatever its routes. */
export interface BareAppOptions extends HttpOptions {
  /** The base of problem types. */
  issuer: string
  /** Origins whose scripts may read answers; none for no CORS at all. */
  corsOrigins: readonly string[]
  /** Whether those scripts may send cookies. */
  corsCredentials?: boolean
  /** The limit that counts each request. */
  everyRequest: keyof typeof ADDRESS_LIMITS
  /** Routes that this limit does not count, with GET, HEAD and POST. */
  ownLimit?: RegExp
  /** Routes whose query is a provider's, which signed it as it is. */
  foreignQuery?: RegExp
}

/** Levels that are less severe than a warning. */
const VERBOSE = new Set(['trace', 'debug', 'info'])

/** Methods that those routes have; any other is a wrong one, and counts. */
const READING_OR_POSTING = new Set(['GET', 'HEAD', 'POST'])

const NONE = /(?!)/

/**
 * An app without routes, whose every answer has our headers and is a problem when it is no success; every app of ours
 * begins with it. Opens no socket. Also gives the limiter, for routes with limits of their own.
 */
export const createBareApp = async (options: BareAppOptions) => {
  const { issuer, logger, trustProxy, corsOrigins, ownLimit = NONE, foreignQuery = NONE } = options
  const problems = { issuer, log: createProblemLog() }
  const app = fastify({
    // Of its own Fastify says only where it listens, once for each address. The caller of `listen` says more in one line.
    loggerInstance: logger.child({}, { level: VERBOSE.has(logger.level) ? 'warn' : logger.level }),
    childLoggerFactory: (_instance, bindings, options) => logger.child(bindings, options),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: () => randomUUID(),
    trustProxy: trustProxy.length > 0 ? createTrust(trustProxy) : false,
    bodyLimit: BODY_LIMIT,
    // requestTimeout has no effect while headersTimeout is longer, and is looked at only this often.
    requestTimeout: 10_000,
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // Its answer would not be a problem; readiness tells that we are leaving.
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
    // The plug-in answers preflights itself; everything else is counted behind it, so that scripts can read a refusal.
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
    // Whoever watches over us must not take a flood for our death.
    // Companies report from few addresses, and have a limit of their own.
    const isExempt = ownLimit.test(request.routeOptions.url ?? '') && READING_OR_POSTING.has(request.method)
    const isCounted = corsOrigins.length > 0 && request.method === 'OPTIONS'
    if (!isExempt && !isCounted) await everything.call(this, request, reply)
  })
  registerRequestRules(app)
  registerMediaTypes(app)
  registerCleanText(app, { foreignQuery })
  return { app, limit }
}
