/**
 * Measures the time to sign and to verify each kind of token, as the median of nine rounds in µs. The ratio to the bare
 * signature by node:crypto makes runs on different machines comparable.
 */
import { createHmac, createPrivateKey, createPublicKey, randomUUID, sign, verify } from 'node:crypto'
import fastify from 'fastify'
import type { PendingClaims } from '../src/core/session/tokens.ts'
import { createTokens } from '../src/http/tokens/index.ts'
import { generateKeySet, type KeyAlgorithm, readKeySet } from '../src/keys/key-set.ts'
import { fixedRing } from '../src/keys/ring.ts'
import { deriveSecrets } from '../src/keys/secrets.ts'

const ROUNDS = 9
const CALLS = 2_000

const medianMicroseconds = (work: () => unknown): number => {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now()
    for (let call = 0; call < CALLS; call += 1) work()
    return ((performance.now() - begun) / CALLS) * 1_000
  })
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
}

const measure = async (alg: KeyAlgorithm) => {
  const keys = readKeySet(JSON.stringify(generateKeySet(alg)), alg)
  const secret = { ...deriveSecrets('a secret that nothing but this benchmark uses'), from: 0 }
  const tokens = await createTokens(fastify(), {
    issuer: 'https://auth.example.com',
    audience: 'https://api.example.com',
    clientId: 'bench',
    accessTtl: 600,
    pendingTtl: 300,
    secrets: fixedRing([secret]),
    keys: fixedRing(keys),
    now: Date.now,
  })
  const session = {
    userId: randomUUID(),
    sessionId: randomUUID(),
    acr: 'aal2',
    amr: ['pwd', 'sms', 'mfa'],
    authTime: tokens.clock(),
  } satisfies Parameters<typeof tokens.signAccess>[0]
  const claims: PendingClaims = {
    userId: randomUUID(),
    challengeId: randomUUID(),
    purpose: 'login',
    key: 'A'.repeat(22),
  }
  const signPending = () => tokens.signPending(claims, 300, tokens.clock(), secret.id)
  const access = tokens.signAccess(session).token
  const pending = signPending()

  const digest = alg === 'EdDSA' ? null : 'sha256'
  const [privateKey, publicKey] = [createPrivateKey(keys[0].privatePem), createPublicKey(keys[0].publicPem)]
  const input = Buffer.from(access.slice(0, access.lastIndexOf('.')))
  const signature = sign(digest, input, privateKey)
  const hmac = () => createHmac('sha256', secret.pendingKey).update(input).digest()

  const rows: [name: string, work: () => unknown, bare: () => unknown][] = [
    [`sign access (${alg})`, () => tokens.signAccess(session), () => sign(digest, input, privateKey)],
    [`verify access (${alg})`, () => tokens.verifyAccess(access), () => verify(digest, input, publicKey, signature)],
    ['sign pending (HS256)', signPending, hmac],
    ['verify pending (HS256)', () => tokens.verifyPending(pending), hmac],
  ]
  return rows.map(([name, work, bare]) => {
    const [token, signed] = [medianMicroseconds(work), medianMicroseconds(bare)]
    return {
      token: name,
      µs: token.toFixed(1),
      'bare signature, µs': signed.toFixed(1),
      ratio: (token / signed).toFixed(1),
    }
  })
}

console.table([...(await measure('EdDSA')), ...(await measure('ES256')).slice(0, 2)])
