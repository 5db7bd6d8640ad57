import { setTimeout as sleep } from 'node:timers/promises'
import { type AppDeps, buildApp } from '../app.ts'
import { type Limits, PASSWORD_RULES } from '../core/limits.ts'
import type { HttpOptions } from '../http/bare-app.ts'
import type { ReadinessCheck } from '../routes/route.ts'
import { createChallengeStore } from '../store/challenges/index.ts'
import type { Database } from '../store/database.ts'
import { createNonceStore } from '../store/guard/nonces.ts'
import { createDeviceStore } from '../store/sessions/devices.ts'
import { createSessionStore } from '../store/sessions/index.ts'
import { createAccountStore } from '../store/users/index.ts'
import { createRegistrationStore } from '../store/users/registrations.ts'
import type { CloseTogether } from './closing.ts'
import type { Foundation } from './foundation.ts'
import { createGuard } from './guard.ts'
import type { Passwords } from './passwords.ts'
import type { Records } from './records.ts'

/** Dependencies of the API besides the foundation. */
export interface ApiParts extends Passwords, Records {
  database: Database
  limits: Limits
  http: HttpOptions & { version: string }
  readiness: readonly ReadinessCheck[]
  delivery: AppDeps['delivery']
  development: AppDeps['development']
}

/** Builds the API. `listen` opens the socket and resolves to the address. */
export const openApi = async (
  serving: CloseTogether,
  { settings, clock, outgoing, issuer, audience, secrets, keys, firstKeys }: Foundation,
  { database, limits, http, readiness, delivery, development, journal, ledger, passwords, passwordPolicy }: ApiParts,
): Promise<{ listen: () => Promise<string> }> => {
  const { policy, ...guard } = createGuard(settings, {
    limits,
    key: firstKeys.humanCheckKey,
    nonces: createNonceStore(database),
    now: clock.now,
    transport: outgoing.transport,
  })
  const app = await buildApp({
    stores: {
      accounts: createAccountStore(database, settings.RATE_LIMIT ? PASSWORD_RULES : null),
      challenges: createChallengeStore(database, limits, policy),
      sessions: createSessionStore(database, limits),
      devices: createDeviceStore(database, limits),
      registrations: createRegistrationStore(database),
      ledger,
    },
    delivery,
    guard: { ...guard, attemptKey: firstKeys.attemptKey, wait: sleep },
    credentials: {
      passwords,
      passwordPolicy,
      registration: settings.REGISTRATION,
      recoveryHelp: settings.RECOVERY_HELP,
      deviceTtl: settings.DEVICE_TOKEN_TTL,
    },
    journal,
    tokens: {
      issuer,
      audience,
      clientId: settings.CLIENT_ID,
      accessTtl: settings.ACCESS_TOKEN_TTL,
      pendingTtl: settings.CODE_TTL,
      secrets,
      keys,
      now: clock.now,
    },
    http: { ...http, corsOrigins: settings.CORS_ORIGINS, refreshCookie: settings.REFRESH_COOKIE, readiness },
    development,
  })
  serving.defer(() => app.close())
  return { listen: () => app.listen({ host: settings.HOST, port: settings.PORT }) }
}
