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

/** The storage ports: accounts, challenges, sessions, devices, registrations and the ledger. */
export interface AppStores {
  accounts: AccountStore
  challenges: ChallengeStore
  sessions: SessionStore
  devices: DeviceStore
  registrations: RegistrationStore
  ledger: SendLedger
}

/** The factors, and the delivery of codes and notices. */
export interface AppDelivery {
  factors: readonly Factor[]
  /** The providers whose receipts are accepted. */
  providers: readonly Provider[]
  /** Returns the state of each provider and channel, for readiness. */
  deliveryStates: RouteDeps['deliveryStates']
  notices: Notices
}

/** The protection against password guessing and SMS pumping. */
export interface AppGuard {
  /** The human check for unknown users while traffic looks like fraud; undefined for no check. */
  humanCheck: HumanCheck | undefined
  /** The lookup of a number's risk before each message; undefined for no lookup. */
  intelligence: NumberIntelligence | undefined
  /** The key of the counters of failed passwords. */
  attemptKey: Uint8Array
  /** Waits the given ms. Delays responses for a user name under attack. */
  wait: (ms: number) => Promise<unknown>
}

/** Passwords, remembered devices, and the rules for registration and recovery. */
export interface AppCredentials {
  passwords: PasswordVerifier
  passwordPolicy: PasswordPolicy
  registration: RegistrationMode
  /** Message shown to users who forgot their password. */
  recoveryHelp: string
  /** The time for which a device is remembered, in seconds. */
  deviceTtl: number
}

/** The HTTP options of the main app. */
export interface AppHttp extends HttpOptions {
  version: string
  corsOrigins: readonly string[]
  /** Send refresh and device tokens in cookies. */
  refreshCookie: boolean
  readiness: readonly ReadinessCheck[]
}

/** The dependencies of the app, in groups. They are open already, or open at first use. */
export interface AppDeps {
  stores: AppStores
  delivery: AppDelivery
  guard: AppGuard
  credentials: AppCredentials
  journal: Journal
  tokens: TokenOptions
  http: AppHttp
  /** The development outbox and the demo pages; absent in production. */
  development: Pick<RouteDeps, 'outbox' | 'demo'>
}

/** Routes whose query comes from a provider, which signed it unchanged. */
const PROVIDER_QUERY = /^\/webhooks\//

/** Routes that are exempt from the general rate limit. */
const EXEMPT = /^\/(?:health|webhooks)\//

/** Builds the app. Opens no socket. Plug-ins are registered first, because they observe the routes. */
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
    exempt: EXEMPT,
    providerQuery: PROVIDER_QUERY,
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
