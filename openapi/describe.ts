import { pino } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import { buildApp } from '../src/app.ts'
import { generateKeySet, readKeySet } from '../src/keys/key-set.ts'
import { deriveSecrets } from '../src/keys/secrets.ts'

const never = () => Promise.reject(new Error('the description of the API calls nothing'))

/** The OpenAPI document of the whole API as JSON text, with the order of everything as in the source. */
export const describeApi = async (): Promise<string> => {
  const issuer = 'https://auth.example.com'
  const app = await buildApp({
    accounts: { findForLogin: never, forgive: never, countFailure: never, findById: never, upgradePasswordHash: never },
    challenges: {
      begin: never,
      withdrawBegin: never,
      replaceCode: never,
      withdrawReplace: never,
      guess: never,
      find: never,
      findReplay: never,
    },
    passwords: { verify: never, upgrade: never },
    ledger: { handOver: never, settle: never, receive: never },
    factors: [],
    audit: { record: () => {}, drain: never },
    humanCheck: undefined,
    intelligence: undefined,
    attemptKey: Buffer.alloc(32),
    providers: [],
    deliveryStates: () => [],
    tokens: {
      issuer,
      audience: issuer,
      clientId: 'doorcode',
      accessTtl: 600,
      pendingTtl: 300,
      secrets: [deriveSecrets('of no use')],
      keys: readKeySet(JSON.stringify(generateKeySet('EdDSA')), 'EdDSA'),
      now: Date.now,
    },
    readiness: [],
    logger: pino({ level: 'silent' }),
    codeLength: 6,
    version: manifest.version,
    trustProxy: [],
    corsOrigins: [],
    rateLimit: false,
  })
  await app.ready()
  const document = app.swagger()
  await app.close()
  return `${JSON.stringify(document, null, 2)}\n`
}
