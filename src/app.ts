import { createChangePassword } from './core/account/change-password.ts'
import { createChangePhone } from './core/account/change-phone.ts'
import type { Notices, PasswordPolicy, RegistrationMode, RegistrationStore } from './core/account/ports.ts'
import { createRegister } from './core/account/register.ts'
import type { Journal } from './core/audit/journal.ts'
import type { Factor } from './core/challenge/factor.ts'
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
import { createBareApp, type HttpOptions } from './http/bare-app.ts'
import { watchMethods } from './http/methods.ts'
import { registerOpenApi } from './http/openapi/docs.ts'
import { registerDocs } from './http/openapi/docs-pages.ts'
import { createTokenCookies } from './http/token-cookies.ts'
import { createTokens, type TokenOptions } from './http/tokens/index.ts'
import { routes } from './routes/index.ts'
import type { App, ReadinessCheck, RouteDeps } from './routes/route.ts'

/** The ports to what is stored: accounts, challenges, sessions and the delivery log. */
export interface AppStores {
  accounts: AccountStore
  challenges: ChallengeStore
  sessions: SessionStore
  devices: DeviceStore
  registrations: RegistrationStore
  ledger: SendLedger
}

/** How codes are made, and how codes and notices reach users. */
export interface AppDelivery {
  factors: readonly Factor[]
  /** The providers, for their receipts. */
  providers: readonly Provider[]
  /** Returns the state of each provider and channel, for readiness. */
  deliveryStates: RouteDeps['deliveryStates']
  notices: Notices
}

/** What slows down attackers: password guessing, and messages that cost money. */
export interface AppGuard {
  /** What unknown users must pass while messages look like fraud; undefined for no check. */
  humanCheck: HumanCheck | undefined
  /** Rates the risk of a number before each message; undefined for no rating. */
  intelligence: NumberIntelligence | undefined
  /** The key of the counters of failed passwords. */
  attemptKey: Uint8Array
  /** Waits so many ms: a name under attack is answered late. */
  wait: (ms: number) => Promise<unknown>
}

/** Passwords and remembered devices, and what users may do with them without an operator. */
export interface AppCredentials {
  passwords: PasswordVerifier
  passwordPolicy: PasswordPolicy
  registration: RegistrationMode
  /** Message shown to users who forgot their password. */
  recoveryHelp: string
  /** Seconds that a device is remembered. */
  deviceTtl: number
}

/** How the app talks HTTP, and what it publishes of itself. */
export interface AppHttp extends HttpOptions {
  version: string
  corsOrigins: readonly string[]
  /** Whether refresh and device tokens travel in cookies. */
  refreshCookie: boolean
  readiness: readonly ReadinessCheck[]
}

/** What the app is made of, in groups. Everything in it is open already, or opens when it is first used. */
export interface AppDeps {
  stores: AppStores
  delivery: AppDelivery
  guard: AppGuard
  credentials: AppCredentials
  journal: Journal
  tokens: TokenOptions
  http: AppHttp
  /** Conveniences that production does without: kept messages and the demo pages. */
  development: Pick<RouteDeps, 'outbox' | 'demo'>
}

/** Routes whose query is a company's, who signed it as it is. */
const FOREIGN_QUERY = /^\/webhooks\//

/** Routes that the limit for everything does not count. */
const OWN_LIMIT = /^\/(?:health|webhooks)\//

/** Builds the whole app in the order below; opens no socket. Plug-ins come first, since they watch the routes. */
export const buildApp = async ({
  stores,
  delivery,
  guard,
  credentials,
  journal,
  tokens: tokenOptions,
  http,
  development,
}: AppDeps): Promise<App> => {
  const { issuer, now } = tokenOptions
  const { app, limit } = await createBareApp({
    ...http,
    issuer,
    corsCredentials: http.refreshCookie,
    everyRequest: 'everything',
    ownLimit: OWN_LIMIT,
    foreignQuery: FOREIGN_QUERY,
  })

  const tokens = await createTokens(app, tokenOptions)
  const cookies = await createTokenCookies(app, { enabled: http.refreshCookie, issuer })
  const flow = { ...stores, ...delivery, ...guard, ...credentials, tokens, journal }

  await registerOpenApi(app, { issuer, version: http.version })
  const refuseOtherMethods = watchMethods(app)
  const { factors, deliveryStates } = delivery
  const deps: RouteDeps = {
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
    receipt: createReceipt(flow),
    sessions: stores.sessions,
    devices: stores.devices,
    issuer,
    now,
    cookies,
    limit,
    recoveryHelp: credentials.recoveryHelp,
    channels: CHANNELS.filter((channel) => factors.some((factor) => factor.delivery?.channels.includes(channel))),
    deliveryStates,
    keys: () => tokenOptions.keys.current().map(({ publicJwk }) => publicJwk),
    readiness: http.readiness,
    ...development,
  }
  for (const route of routes) await route(app, deps)
  await registerDocs(app)
  refuseOtherMethods()
  return app
}
