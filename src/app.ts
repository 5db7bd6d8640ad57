import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Redis } from 'ioredis'
import type { AuditTrail } from './core/audit-port.ts'
import { createChallengeStatus } from './core/challenge.ts'
import { createJournal } from './core/journal.ts'
import { createLogin } from './core/login.ts'
import { createMe } from './core/me.ts'
import {
  type AccountStore,
  CHANNELS,
  type ChallengeStore,
  type CodeFactor,
  type HumanCheck,
  type NumberIntelligence,
  type PasswordVerifier,
  type Provider,
  type SendLedger,
} from './core/ports.ts'
import { createReceipt } from './core/receipt.ts'
import { createResend } from './core/resend.ts'
import { createVerify } from './core/verify.ts'
import { registerCleanText } from './http/clean-text.ts'
import { registerClosing } from './http/closing.ts'
import { registerDocs, registerOpenApi } from './http/docs.ts'
import { registerHeaders } from './http/headers.ts'
import { registerMediaTypes } from './http/media-types.ts'
import { watchMethods } from './http/methods.ts'
import { clientErrorHandler, frameworkErrors, registerProblems } from './http/problems.ts'
import { createLimiter } from './http/rate-limit.ts'
import { registerRequestLog } from './http/request-log.ts'
import { registerSerializers } from './http/serializers.ts'
import { createTokens, type TokenOptions } from './http/tokens.ts'
import { routes } from './routes/index.ts'
import type { App, ReadinessCheck, RouteDeps } from './routes/route.ts'

/** What the app is made of. Everything in it is open already, or opens by itself when first used. */
export interface AppDeps {
  accounts: AccountStore
  challenges: ChallengeStore
  ledger: SendLedger
  passwords: PasswordVerifier
  factors: readonly CodeFactor[]
  /** The companies, for their receipts. */
  providers: readonly Provider[]
  deliveryStates: RouteDeps['deliveryStates']
  audit: AuditTrail
  /** What unknown users must pass while messages look like fraud; undefined for nothing. */
  humanCheck: HumanCheck | undefined
  /** Who is asked about a number before each message; undefined for nobody. */
  intelligence: NumberIntelligence | undefined
  /** The key that tries of passwords are counted under. */
  attemptKey: Uint8Array
  tokens: TokenOptions
  readiness: readonly ReadinessCheck[]
  logger: FastifyBaseLogger
  codeLength: number
  version: string
  trustProxy: readonly string[]
  corsOrigins: readonly string[]
  rateLimit: boolean
  redis?: Redis | undefined
  outbox?: RouteDeps['outbox']
}

/** Largest body, in bytes: no request of ours needs more. */
const BODY_LIMIT = 8_192

/** Methods that those routes have; any other is a wrong one, and counts. */
const READING_OR_POSTING = new Set(['GET', 'HEAD', 'POST'])

/** Routes whose query is a company's, who signed it as it is. */
const FOREIGN_QUERY = /^\/webhooks\//

/** Routes that the limit for everything does not count. */
const OWN_LIMIT = /^\/(?:health|webhooks)\//

/** Builds the whole app in the order below; opens no socket. Plug-ins come first, since they watch the routes. */
export const buildApp = async (deps: AppDeps): Promise<App> => {
  const { issuer } = deps.tokens
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: () => randomUUID(),
    trustProxy: deps.trustProxy.length > 0 ? [...deps.trustProxy] : false,
    bodyLimit: BODY_LIMIT,
    // requestTimeout has no effect while headersTimeout is longer, and is looked at only this often.
    requestTimeout: 10_000,
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: 'idle',
    // Its answer would not be a problem; readiness tells that we are leaving.
    return503OnClosing: false,
    ajv: {
      // A numeric code must not become a string, nor an unknown member vanish.
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
    frameworkErrors: frameworkErrors(issuer),
    clientErrorHandler: clientErrorHandler(issuer),
  }).withTypeProvider<TypeBoxTypeProvider>()

  registerSerializers(app)
  registerHeaders(app)
  registerClosing(app)
  registerRequestLog(app, { trustsProxy: deps.trustProxy.length > 0 })
  registerProblems(app, issuer)
  const limit = await createLimiter(app, { redis: deps.redis, enabled: deps.rateLimit })
  const everything = limit('everything')
  if (deps.corsOrigins.length > 0) {
    // The plug-in answers preflights itself; everything else is counted behind it, so that scripts can read a refusal.
    app.addHook('onRequest', async function (request, reply) {
      if (request.method === 'OPTIONS') await everything.call(this, request, reply)
    })
    await app.register(cors, {
      origin: [...deps.corsOrigins],
      methods: ['GET', 'POST'],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit-Policy', 'RateLimit'],
      maxAge: 600,
      strictPreflight: false,
    })
  }
  app.addHook('onRequest', async function (request, reply) {
    // Whoever watches over us must not take a flood for our death.
    // Companies report from few addresses, and have a limit of their own.
    const isExempt = OWN_LIMIT.test(request.routeOptions.url ?? '') && READING_OR_POSTING.has(request.method)
    const isCounted = deps.corsOrigins.length > 0 && request.method === 'OPTIONS'
    if (!isExempt && !isCounted) await everything.call(this, request, reply)
  })
  registerMediaTypes(app)
  registerCleanText(app, { foreignQuery: FOREIGN_QUERY })

  const tokens = await createTokens(app, deps.tokens)
  const journal = createJournal({ audit: deps.audit, log: (line, event) => app.log.info(line, event), now: Date.now })
  const flow = { ...deps, tokens, journal, wait: sleep }

  await registerOpenApi(app, { issuer, version: deps.version })
  const refuseOtherMethods = watchMethods(app)
  for (const route of routes) {
    await route(app, {
      issuer,
      login: createLogin(flow),
      verify: createVerify(flow),
      resend: createResend(flow),
      challengeStatus: createChallengeStatus(flow),
      me: createMe(flow),
      receipt: createReceipt(flow),
      channels: CHANNELS.filter((channel) => deps.factors.some(({ channels }) => channels.includes(channel))),
      deliveryStates: deps.deliveryStates,
      limit,
      jwks: deps.tokens.keys.map(({ publicJwk }) => publicJwk),
      readiness: deps.readiness,
      outbox: deps.outbox,
    })
  }
  await registerDocs(app)
  refuseOtherMethods()
  return app
}
