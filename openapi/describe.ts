import { pino } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import { buildAdminApp } from '../src/admin-app.ts'
import { buildApp } from '../src/app.ts'
import { DURATIONS } from '../src/core/durations.ts'
import { generateKeySet, readKeySet } from '../src/keys/key-set.ts'
import { fixedRing } from '../src/keys/ring.ts'
import { deriveSecrets } from '../src/keys/secrets.ts'
import type { App } from '../src/routes/route.ts'

const never = () => Promise.reject(new Error('the OpenAPI generator must not call a dependency'))

const http = { version: manifest.version, logger: pino({ level: 'silent' }), trustProxy: [], rateLimit: false }

const documentOf = async (app: App): Promise<string> => {
  await app.ready()
  const document = app.swagger()
  await app.close()
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Returns the OpenAPI document of the API as JSON text, in the order of the source. */
export const describeApi = async (): Promise<string> => {
  const issuer = 'https://auth.example.com'
  const app = await buildApp({
    stores: {
      accounts: {
        findForLogin: never,
        forgive: never,
        countFailure: never,
        findById: never,
        upgradePasswordHash: never,
      },
      challenges: {
        begin: never,
        withdrawBegin: never,
        replaceCode: never,
        withdrawReplace: never,
        guess: never,
        find: never,
        findReplay: never,
        findEnrollment: never,
      },
      sessions: {
        refresh: never,
        findAuthorized: never,
        list: never,
        end: never,
        endByToken: never,
        endOthers: never,
        changePassword: never,
      },
      devices: { openByDevice: never, list: never, forget: never, forgetAll: never },
      registrations: { check: never, open: never, abandon: never },
      ledger: { enter: never, handOver: never, settle: never, receive: never },
    },
    journal: () => {},
    delivery: { factors: [], providers: [], deliveryStates: () => [], notices: { deliver: () => {} } },
    guard: { humanCheck: undefined, intelligence: undefined, attemptKey: Buffer.alloc(32), wait: never },
    credentials: {
      passwords: { verify: never, hash: never, upgrade: never },
      passwordPolicy: { assertAcceptable: never },
      registration: 'closed',
      recoveryHelp: '',
      deviceTtl: DURATIONS.deviceTtl.default,
    },
    tokens: {
      issuer,
      audience: issuer,
      clientId: 'doorcode',
      accessTtl: DURATIONS.accessTtl.default,
      pendingTtl: DURATIONS.codeTtl.default,
      secrets: fixedRing([{ ...deriveSecrets('unused'), from: 0 }]),
      keys: fixedRing(readKeySet(JSON.stringify(generateKeySet('EdDSA')), 'EdDSA')),
      now: Date.now,
    },
    http: { ...http, corsOrigins: [], refreshCookie: false, readiness: [] },
    development: {},
  })
  return documentOf(app)
}

/** Returns the OpenAPI document of the admin API as JSON text, in the order of the source. */
export const describeAdminApi = async (): Promise<string> =>
  documentOf(
    await buildAdminApp({
      users: {
        add: never,
        list: never,
        search: never,
        find: never,
        setDisabled: never,
        resetFactor: never,
        endSessions: never,
        setPassword: never,
        setPhone: never,
      },
      sessions: { list: never },
      auditOf: never,
      keys: { add: never, list: never, revoke: never, use: never },
      parsePhone: () => ({ ok: false, reason: '' }),
      canonicalPhone: () => undefined,
      factor: { name: 'sms', amr: () => [], begin: never, answer: never, delivery: {} as never },
      passwordPolicy: { assertAcceptable: never },
      passwords: { hash: never },
      journal: () => {},
      issuer: 'https://auth.example.com',
      http,
    }),
  )
