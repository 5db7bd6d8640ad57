import { createHmac, randomUUID, sign } from 'node:crypto'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t from 'tap'
import type { OpenSession } from '../../src/core/session/ports.ts'
import type { PendingClaims } from '../../src/core/session/tokens.ts'
import { createTokens, type TokenOptions } from '../../src/http/tokens/index.ts'
import { generateKeySet, type KeyAlgorithm, readKeySets, type SigningKeys } from '../../src/keys/key-set.ts'
import { fixedRing } from '../../src/keys/ring.ts'
import { deriveSecrets, type Secrets } from '../../src/keys/secrets.ts'

const keysFor = (...algorithms: [KeyAlgorithm, ...KeyAlgorithm[]]): SigningKeys => {
  const sources = algorithms.map((alg) => ({ name: alg, text: JSON.stringify(generateKeySet(alg)) }))
  return readKeySets(sources, algorithms[0])
}

const KEYS = keysFor('EdDSA')
const SECRETS: Secrets = [{ ...deriveSecrets('only for the tests of tokens, and long enough'), from: 0 }]
/** A time far from the system clock, on a whole second. */
const START = Date.parse('2001-09-09T01:46:40Z')
const MINUTE = 60_000

const session: Omit<OpenSession, 'lasts'> = {
  userId: randomUUID(),
  sessionId: randomUUID(),
  acr: 'aal2',
  amr: ['pwd', 'sms', 'mfa'],
  authTime: START / 1000,
}
const claims: PendingClaims = {
  userId: randomUUID(),
  challengeId: randomUUID(),
  purpose: 'login',
  key: 'A'.repeat(22),
}

/** Creates an app with both kinds of token, and a clock and keys that the test may change. */
const open = async (options: Partial<TokenOptions> = {}) => {
  const app = fastify()
  const world = { at: START, keys: KEYS, secrets: SECRETS }
  const tokens = await createTokens(app, {
    issuer: 'https://auth.example.com',
    audience: 'https://api.example.com',
    clientId: 'test-client',
    accessTtl: 600,
    pendingTtl: 300,
    keys: { current: () => world.keys },
    secrets: { current: () => world.secrets },
    now: () => world.at,
    ...options,
  })
  const signPending = (life = 300) => tokens.signPending(claims, life, tokens.clock(), SECRETS[0].id)
  return { app, world, tokens, signPending }
}

const partsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Changes claims of an access token or a pending token and signs it again with its own key. */
const resign = (token: string, changes: object) => {
  const [header, payload] = partsOf(token)
  const input = `${encode(header)}.${encode({ ...payload, ...changes })}`
  const signature =
    header.alg === 'EdDSA'
      ? sign(null, Buffer.from(input), KEYS[0].privatePem)
      : createHmac('sha256', SECRETS[0].pendingKey).update(input).digest()
  return `${input}.${signature.toString('base64url')}`
}

t.test('checks age and clock skew against the injected clock', async (t) => {
  const { world, tokens, signPending } = await open()
  const kinds = [
    { token: tokens.signAccess(session).token, verify: tokens.verifyAccess, life: 600, expired: 'invalid_token' },
    { token: signPending(), verify: tokens.verifyPending, life: 300, expired: 'challenge_invalid' },
  ]
  for (const { token, verify, life, expired } of kinds) {
    const at = (ms: number) => {
      world.at = START + ms
      return () => verify(token)
    }
    t.doesNotThrow(at(0))
    t.doesNotThrow(at(-MINUTE), 'the clock of the instance is a minute behind')
    t.throws(at(-MINUTE - 1), { code: 'invalid_token' }, 'the token was issued in the future')
    t.doesNotThrow(at(life * 1000 - 1), 'the token is 1 ms before its expiry')
    t.throws(at(life * 1000), { code: expired }, 'the token has expired')
    t.throws(() => verify(token), { code: expired })
  }
})

t.test('checks an nbf claim against the injected clock', async (t) => {
  const { world, tokens, signPending } = await open()
  const token = resign(signPending(), { nbf: START / 1000 + 60 })
  t.throws(() => tokens.verifyPending(token), { code: 'invalid_token' })
  world.at += MINUTE
  t.doesNotThrow(() => tokens.verifyPending(token))
})

t.test('refuses a genuine token with a longer lifetime than the settings allow', async (t) => {
  const { tokens } = await open()
  const patient = await open({ accessTtl: 601 })
  t.throws(() => tokens.verifyAccess(patient.tokens.signAccess(session).token), { code: 'invalid_token' })
  t.throws(() => tokens.verifyPending(patient.signPending(301)), { code: 'invalid_token' })
})

t.test('refuses a token whose exp is not after its iat', async (t) => {
  const { tokens, signPending } = await open()
  const [iat, exp] = [START / 1000 + 50, START / 1000 + 40]
  t.throws(() => tokens.verifyPending(resign(signPending(), { iat, exp })), { code: 'invalid_token' })
  t.throws(() => tokens.verifyPending(resign(signPending(), { iat, exp: iat })), { code: 'invalid_token' })
  t.doesNotThrow(() => tokens.verifyPending(resign(signPending(), { iat, exp: iat + 1 })))
})

t.test('requires a session id in an access token', async (t) => {
  const { tokens } = await open()
  const { token } = tokens.signAccess(session)
  for (const sid of ['', 'session', 7, null, [session.sessionId]]) {
    t.throws(() => tokens.verifyAccess(resign(token, { sid })), { code: 'invalid_token' }, JSON.stringify(sid))
  }
  t.doesNotThrow(() => tokens.verifyAccess(resign(token, {})))
})

t.test('writes only type, algorithm and key to the header', async (t) => {
  const { tokens, signPending } = await open()
  const [access] = partsOf(tokens.signAccess(session).token)
  t.strictSame(access, { alg: 'EdDSA', typ: 'at+jwt', kid: KEYS[0].kid })
  const [pending] = partsOf(signPending())
  t.strictSame(pending, { alg: 'HS256', typ: 'pending-2fa+jwt', kid: SECRETS[0].id })
})

t.test('picks up keys of another algorithm at run time and refuses a retired key at once', async (t) => {
  const { world, tokens } = await open()
  const former = tokens.signAccess(session).token
  const [next] = keysFor('ES256')
  world.keys = [next, { ...KEYS[0], from: Number.POSITIVE_INFINITY }]
  const fresh = tokens.signAccess(session).token
  t.strictSame(partsOf(fresh)[0], { alg: 'ES256', typ: 'at+jwt', kid: next.kid })
  t.strictSame(tokens.verifyAccess(former), { userId: session.userId, sessionId: session.sessionId })
  t.strictSame(tokens.verifyAccess(fresh), { userId: session.userId, sessionId: session.sessionId })
  world.keys = [next]
  t.throws(() => tokens.verifyAccess(former), { code: 'invalid_token' })
  t.doesNotThrow(() => tokens.verifyAccess(fresh))
})

t.test('signs identical pending tokens for identical claims, also after a rotation', async (t) => {
  const { world, tokens, signPending } = await open()
  const token = signPending()
  const next = { ...deriveSecrets('the next secret of the tests of tokens, as long'), from: 0 }
  world.secrets = [next, ...SECRETS]
  t.equal(signPending(), token)
  t.strictSame(tokens.verifyPending(token), { ...claims, pepper: SECRETS[0].pepper })
  world.secrets = [next]
  t.equal(partsOf(signPending())[0].kid, next.id, 'the active secret replaces a removed one')
  t.throws(() => tokens.verifyPending(token), { code: 'invalid_token' })
})

t.test('stops the start with the id of a key that cannot sign or verify', async (t) => {
  const broken = [
    { ...KEYS[0], kid: 'broken', privatePem: KEYS[0].publicPem },
    { ...KEYS[0], kid: 'broken', publicPem: KEYS[0].privatePem },
    { ...KEYS[0], kid: 'broken', publicPem: keysFor('EdDSA')[0].publicPem },
  ]
  for (const key of broken) {
    await t.rejects(open({ keys: fixedRing<SigningKeys>([KEYS[0], key]) }), /signing key broken cannot sign/)
  }
})

/** The decorators that the plug-in adds for one kind of token. */
type Decorated = Record<`${'access' | 'pending'}Jwt${'Verify' | 'Sign'}`, (payload?: object) => Promise<unknown>>

t.test('disables the decorators of the plug-in for signing and verifying', async (t) => {
  const { app, tokens, signPending, world } = await open()
  world.at = Date.now()
  const attempts: ((request: FastifyRequest, reply: FastifyReply) => Promise<unknown>)[] = [
    (request) => (request as never as Decorated).accessJwtVerify(),
    (request) => (request as never as Decorated).pendingJwtVerify(),
    (_request, reply) => (reply as never as Decorated).accessJwtSign({ sub: session.userId }),
    (_request, reply) => (reply as never as Decorated).pendingJwtSign({ sub: claims.userId }),
  ]
  app.get('/:attempt', async (request, reply) => {
    const { attempt } = request.params as { attempt: number }
    return attempts[attempt]!(request, reply).then(
      () => 'done',
      ({ code }) => code,
    )
  })
  for (const [attempt, token] of [tokens.signAccess(session).token, signPending(), '', ''].entries()) {
    const { body } = await app.inject({ url: `/${attempt}`, headers: { authorization: `Bearer ${token}` } })
    t.equal(body, 'invalid_token')
  }
})
