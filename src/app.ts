import type { FastifyBaseLogger } from 'fastify'
import type { Redis } from 'ioredis'
import { createChangePassword } from './core/account/change-password.ts'
import { createChangePhone } from './core/account/change-phone.ts'
import { createNotices } from './core/account/notice.ts'
import type { NoticeStore, PasswordPolicy, RegistrationMode, RegistrationStore } from './core/account/ports.ts'
import { createRegister } from './core/account/register.ts'
import { createJournal } from './core/audit/journal.ts'
import type { AuditTrail } from './core/audit/ports.ts'
import type { CodeFactor } from './core/challenge/factor.ts'
import type { ChallengeStore } from './core/challenge/ports.ts'
import { createResend } from './core/challenge/resend.ts'
import { createChallengeStatus } from './core/challenge/status.ts'
import { createVerify } from './core/challenge/verify.ts'
import { CHANNELS, type Provider, type SendLedger } from './core/delivery/ports.ts'
import { createReceipt } from './core/delivery/receipt.ts'
import type { HumanCheck, NumberIntelligence } from './core/guard/ports.ts'
import { createLogin } from './core/login/login.ts'
import type { AccountStore, PasswordVerifier } from './core/login/ports.ts'
import { createAuthorize } from './core/session/authorize.ts'
import type { DeviceStore, SessionStore } from './core/session/ports.ts'
import { createRefresh } from './core/session/refresh.ts'
import { createSignOut } from './core/session/sign-out.ts'
import { createBareApp } from './http/bare-app.ts'
import { watchMethods } from './http/methods.ts'
import { registerOpenApi } from './http/openapi/docs.ts'
import { registerDocs } from './http/openapi/docs-pages.ts'
import { createTokenCookies } from './http/token-cookies.ts'
import { createTokens, type TokenOptions } from './http/tokens.ts'
import { routes } from './routes/index.ts'
import type { App, ReadinessCheck, RouteDeps } from './routes/route.ts'

/** What the app is made of. Everything in it is open already, or opens by itself when first used. */
export interface AppDeps {
  accounts: AccountStore
  challenges: ChallengeStore
  ledger: SendLedger
  sessions: SessionStore
  devices: DeviceStore
  registrations: RegistrationStore
  notices: NoticeStore
  passwords: PasswordVerifier
  passwordPolicy: PasswordPolicy
  registration: RegistrationMode
  /** What the operator says to whoever has forgotten the password. */
  recoveryHelp: string
  /** Whether refresh and device tokens travel in cookies. */
  refreshCookie: boolean
  deviceTtl: number
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
  /** Longest time to an answer, in ms; 4.8 s unless a test wants less. */
  answerWithin?: number
  /** Whether the process is about to stop. */
  isStopping?: (() => boolean) | undefined
  redis?: Redis | undefined
  /** Monotonic clock of rate limits, in ms; the machine's by default. */
  elapsed?: (() => number) | undefined
  outbox?: RouteDeps['outbox']
  demo?: RouteDeps['demo']
  /** Waits so many ms: a name under attack is answered late. */
  wait: (ms: number) => Promise<unknown>
}

/** How often notices that did not leave are looked for, in ms. */
const RETRY_NOTICES = 30_000

/** Routes whose query is a company's, who signed it as it is. */
const FOREIGN_QUERY = /^\/webhooks\//

/** Routes that the limit for everything does not count. */
const OWN_LIMIT = /^\/(?:health|webhooks)\//

/** Builds the whole app in the order below; opens no socket. Plug-ins come first, since they watch the routes. */
export const buildApp = async (deps: AppDeps): Promise<App> => {
  const { issuer, now } = deps.tokens
  const { app, limit } = await createBareApp({
    ...deps,
    issuer,
    corsCredentials: deps.refreshCookie,
    everyRequest: 'everything',
    ownLimit: OWN_LIMIT,
    foreignQuery: FOREIGN_QUERY,
  })

  const tokens = createTokens(deps.tokens)
  const cookies = await createTokenCookies(app, { enabled: deps.refreshCookie, issuer })
  const journal = createJournal({ audit: deps.audit, log: (line, event) => deps.logger.info(line, event), now })
  const notices = createNotices({ ...deps, journal })
  let retrying: NodeJS.Timeout | undefined
  app.addHook('onListen', async () => {
    retrying = setInterval(() => notices.deliver(), RETRY_NOTICES).unref()
  })
  app.addHook('onClose', async () => {
    clearInterval(retrying)
    await notices.drain()
  })
  const flow = { ...deps, tokens, journal, notices }

  await registerOpenApi(app, { issuer, version: deps.version })
  const refuseOtherMethods = watchMethods(app)
  for (const route of routes) {
    await route(app, {
      issuer,
      login: createLogin(flow),
      verify: createVerify(flow),
      resend: createResend(flow),
      challengeStatus: createChallengeStatus(flow),
      authorize: createAuthorize(flow),
      refresh: createRefresh(flow),
      register: createRegister(flow),
      changePassword: createChangePassword(flow),
      changePhone: createChangePhone(flow),
      signOut: createSignOut(flow),
      sessions: deps.sessions,
      devices: deps.devices,
      cookies,
      recoveryHelp: deps.recoveryHelp,
      receipt: createReceipt(flow),
      now,
      channels: CHANNELS.filter((channel) => deps.factors.some(({ channels }) => channels.includes(channel))),
      deliveryStates: deps.deliveryStates,
      limit,
      keys: () => deps.tokens.keys.current().map(({ publicJwk }) => publicJwk),
      readiness: deps.readiness,
      outbox: deps.outbox,
      demo: deps.demo,
    })
  }
  await registerDocs(app)
  refuseOtherMethods()
  return app
}
