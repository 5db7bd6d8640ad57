import { createHmac, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto'
import t from 'tap'
import type { TokenOptions } from '../../src/http/tokens/index.ts'
import { generateKeySet, readKeySet } from '../../src/keys/key-set.ts'
import { fixedRing } from '../../src/keys/ring.ts'
import { deriveSecrets, type Secrets } from '../../src/keys/secrets.ts'
import { AUDIENCE, createWorld, ISSUER } from '../support/app.ts'

const secret = { ...deriveSecrets('a secret that signs the forgeries of these tests'), from: 0 }
const keys = readKeySet(JSON.stringify(generateKeySet('EdDSA')), 'EdDSA')
const [key] = keys
const privateKey = createPrivateKey(key.privatePem)
const now = () => Math.floor(Date.now() / 1000)

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const hs256 = (secretKey: string | Buffer, header: object, claims: object, hash = 'sha256') => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secretKey).update(input).digest('base64url')}`
}
const eddsa = (header: object, claims: object) => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
}

const pendingHeader = { alg: 'HS256', typ: 'pending-2fa+jwt', kid: secret.id }
const accessHeader = { alg: 'EdDSA', typ: 'at+jwt', kid: key.kid }

const tokensWith = (secrets: Secrets): TokenOptions => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  clientId: 'test-client',
  accessTtl: 600,
  pendingTtl: 300,
  secrets: fixedRing(secrets),
  keys: fixedRing(keys),
  now: Date.now,
})

/** Creates a world with known keys and one user, and returns the claims of its tokens. */
const createForgery = async (t: Parameters<typeof createWorld>[0]) => {
  const world = await createWorld(t, {
    app: { tokens: tokensWith([secret]) },
  })
  const userId = await world.addUser('alice')
  const { pending_token: pending } = (await world.login('alice')).body
  const code = world.lastCode()
  const pendingClaims = JSON.parse(Buffer.from(pending.split('.')[1], 'base64url').toString())
  const sid = randomUUID()
  // A valid session, so that only the forgery can be the reason of a refusal.
  await world.sql(
    `insert into sessions (session_id, user_id, auth_epoch, acr, amr, address, expires_at)
     values ($1, $2, 0, 'aal2', '{pwd,sms,mfa}', '192.0.2.1', now() + interval '1 day')`,
    [sid, userId],
  )
  const accessClaims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: userId,
    client_id: 'test-client',
    iat: now(),
    exp: now() + 600,
    jti: randomUUID(),
    sid,
    auth_time: now(),
    acr: 'aal2',
    amr: ['pwd', 'sms', 'mfa'],
  }
  return { world, pending, code, pendingClaims, accessClaims }
}

const without = (claims: object, name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

/** Changes to claims that verifiers must refuse, for both kinds of token. */
const BAD_CLAIMS: [string, (claims: Record<string, unknown>) => object][] = [
  ...['iss', 'aud', 'sub', 'jti', 'iat', 'exp'].map((name): [string, (claims: object) => object] => [
    `no ${name}`,
    (claims) => without(claims, name),
  ]),
  ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example.com' })],
  ['another audience', (claims) => ({ ...claims, aud: 'https://other.example.com' })],
  ['a list of audiences', (claims) => ({ ...claims, aud: [claims['aud'], 'https://other.example.com'] })],
  ['a subject that is not an id', (claims) => ({ ...claims, sub: 'alice' })],
  ['a numeric subject', (claims) => ({ ...claims, sub: 7 })],
  ['an iat in the future', (claims) => ({ ...claims, iat: now() + 3_600, exp: now() + 3_700 })],
  ['an exp in the far future', (claims) => ({ ...claims, exp: 1e15 })],
  ['an exp of 1e308', (claims) => ({ ...claims, exp: 1e308 })],
  ['an exp in text', (claims) => ({ ...claims, exp: String(now() + 60) })],
  ['a longer lifetime than allowed', (claims) => ({ ...claims, exp: now() + 10_000 })],
  ['a null exp', (claims) => ({ ...claims, exp: null })],
  ['an nbf in the future', (claims) => ({ ...claims, nbf: now() + 3_600 })],
]

t.test('refuses forged pending tokens without counting an attempt', async (t) => {
  const { world, pending, code, pendingClaims } = await createForgery(t)
  const [head, body, signature] = pending.split('.')
  const publicPem = key.publicPem
  const forgeries: [string, string][] = [
    ['alg none', `${encode({ ...pendingHeader, alg: 'none' })}.${body}.`],
    ['alg none, signature kept', `${encode({ ...pendingHeader, alg: 'none' })}.${body}.${signature}`],
    ['alg None', `${encode({ ...pendingHeader, alg: 'None' })}.${body}.`],
    ['no signature', `${head}.${body}.`],
    ['another signature', `${head}.${body}.${'A'.repeat(43)}`],
    ['HS512 with the right key', hs256(secret.pendingKey, { ...pendingHeader, alg: 'HS512' }, pendingClaims, 'sha512')],
    ['another key', hs256('another key', pendingHeader, pendingClaims)],
    ['an empty key', hs256('', pendingHeader, pendingClaims)],
    ['the public key as secret', hs256(publicPem, pendingHeader, pendingClaims)],
    ['the pepper as key', hs256(secret.pepper, pendingHeader, pendingClaims)],
    ['an unknown kid', hs256(secret.pendingKey, { ...pendingHeader, kid: 'nobody' }, pendingClaims)],
    ['no kid', hs256(secret.pendingKey, without(pendingHeader, 'kid'), pendingClaims)],
    ['a kid of __proto__', hs256(secret.pendingKey, { ...pendingHeader, kid: '__proto__' }, pendingClaims)],
    ['another typ', hs256(secret.pendingKey, { ...pendingHeader, typ: 'JWT' }, pendingClaims)],
    ['no typ', hs256(secret.pendingKey, without(pendingHeader, 'typ'), pendingClaims)],
    ['typ of an access token', hs256(secret.pendingKey, { ...pendingHeader, typ: 'at+jwt' }, pendingClaims)],
    ['an unknown crit', hs256(secret.pendingKey, { ...pendingHeader, crit: ['x'], x: 1 }, pendingClaims)],
    ['another purpose', hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, purpose: 'reset' })],
    ['no purpose', hs256(secret.pendingKey, pendingHeader, without(pendingClaims, 'purpose'))],
    ['no client key', hs256(secret.pendingKey, pendingHeader, without(pendingClaims, 'key'))],
    ['a short client key', hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, key: 'AA' })],
    ['an invalid challenge id', hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, jti: "' or 1=1 --" })],
    ['EdDSA with the access key', eddsa({ ...accessHeader, typ: 'pending-2fa+jwt', kid: secret.id }, pendingClaims)],
    ['not a token', 'a.b.c'],
    ['empty parts', '..'],
    ...BAD_CLAIMS.map(([name, change]): [string, string] => [
      name,
      hs256(secret.pendingKey, pendingHeader, change(pendingClaims)),
    ]),
  ]
  for (const [name, token] of forgeries) {
    t.match(await world.verify(token, code), { status: 401, body: { code: 'invalid_token' } }, `verify: ${name}`)
    t.match(
      await world.get('/challenge', token),
      { status: 401, body: { code: 'invalid_token' } },
      `challenge: ${name}`,
    )
  }
  t.match(await world.resend(forgeries[0]![1]), { status: 401 })
  t.strictSame(await world.sql('select attempts, consumed_at from challenges'), [{ attempts: 0, consumed_at: null }])
  t.equal((await world.verify(pending, code)).status, 200, 'the genuine token still works')
})

t.test('an expired pending token returns challenge_invalid', async (t) => {
  const { world, code, pendingClaims } = await createForgery(t)
  const old = hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, iat: now() - 300, exp: now() })
  t.match(await world.verify(old, code), { status: 401, body: { code: 'challenge_invalid' } })
})

t.test('refuses a correct code with the claims of another challenge', async (t) => {
  const { world, code, pendingClaims } = await createForgery(t)
  const otherKey = hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, key: 'A'.repeat(22) })
  t.equal((await world.verify(otherKey, code)).body.code, 'invalid_code', 'even the server needs the client’s half')
  const nowhere = hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, jti: randomUUID() })
  t.equal((await world.verify(nowhere, code)).body.code, 'challenge_invalid')
  const unknownUser = hs256(secret.pendingKey, pendingHeader, { ...pendingClaims, sub: randomUUID() })
  t.equal((await world.verify(unknownUser, code)).body.code, 'challenge_invalid')
})

t.test('refuses forged access tokens', async (t) => {
  const { world, pending, accessClaims } = await createForgery(t)
  t.equal((await world.get('/me', eddsa(accessHeader, accessClaims))).status, 200, 'the original token is valid')
  const publicKey = createPublicKey(key.publicPem)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const hsHeader = { ...accessHeader, alg: 'HS256' }
  const strangerKey = readKeySet(JSON.stringify(generateKeySet('EdDSA')), 'EdDSA')[0]
  const input = `${encode(accessHeader)}.${encode(accessClaims)}`
  const forgeries: [string, string][] = [
    ['a pending token', pending],
    ['alg none', `${encode({ ...accessHeader, alg: 'none' })}.${encode(accessClaims)}.`],
    ['alg nOnE', `${encode({ ...accessHeader, alg: 'nOnE' })}.${encode(accessClaims)}.`],
    ['no signature', `${input}.`],
    ['a stranger’s key', `${input}.${sign(null, Buffer.from(input), strangerKey.privatePem).toString('base64url')}`],
    ['HS256 with the public PEM', hs256(key.publicPem, hsHeader, accessClaims)],
    ['HS256 with the public PEM, padded', hs256(` ${key.publicPem}`, hsHeader, accessClaims)],
    ['HS256 with the public DER', hs256(der, hsHeader, accessClaims)],
    ['HS256 with the public JWK', hs256(JSON.stringify(key.publicJwk), hsHeader, accessClaims)],
    ['HS256 with the pending key', hs256(secret.pendingKey, { ...hsHeader, kid: secret.id }, accessClaims)],
    ['an unknown kid', eddsa({ ...accessHeader, kid: 'nobody' }, accessClaims)],
    ['no kid', eddsa(without(accessHeader, 'kid'), accessClaims)],
    ['typ JWT', eddsa({ ...accessHeader, typ: 'JWT' }, accessClaims)],
    ['typ of a pending token', eddsa({ ...accessHeader, typ: 'pending-2fa+jwt' }, accessClaims)],
    ['its own key in the header', eddsa({ ...accessHeader, kid: 'own', jwk: key.publicJwk }, accessClaims)],
    ['a key URL in the header', eddsa({ ...accessHeader, kid: 'own', jku: 'http://127.0.0.1:9/jwks' }, accessClaims)],
    ['the audience of the other kind', eddsa(accessHeader, { ...accessClaims, aud: `${ISSUER}/verify` })],
    ['expired this second', eddsa(accessHeader, { ...accessClaims, iat: now() - 600, exp: now() })],
    ['no acr', eddsa(accessHeader, without(accessClaims, 'acr'))],
    ['of an unknown user', eddsa(accessHeader, { ...accessClaims, sub: randomUUID() })],
    [
      'changed after signing',
      `${encode(accessHeader)}.${encode({ ...accessClaims, acr: 'aal3' })}.${eddsa(accessHeader, accessClaims).split('.')[2]}`,
    ],
    ...BAD_CLAIMS.map(([name, change]): [string, string] => [name, eddsa(accessHeader, change(accessClaims))]),
  ]
  for (const [name, token] of forgeries) {
    const answer = await world.get('/me', token)
    t.match(answer, { status: 401, body: { code: 'invalid_token' } }, name)
    t.match(answer.headers['www-authenticate'], /^Bearer .*error="invalid_token"/)
  }
  t.match(await world.verify(eddsa(accessHeader, accessClaims), '123456'), {
    status: 401,
    body: { code: 'invalid_token' },
  })
})

t.test('accepts a token only in one Authorization header', async (t) => {
  const { world, accessClaims } = await createForgery(t)
  const token = eddsa(accessHeader, accessClaims)
  const get = (url: string, authorization?: string) =>
    world.send({ method: 'GET', url, headers: authorization === undefined ? {} : { authorization } })
  t.equal((await get('/me', `bearer ${token}`)).status, 200, 'the scheme ignores case')
  t.equal((await get(`/me?access_token=${token}`)).status, 401, 'not from the URL')
  for (const header of [
    undefined,
    token,
    `Basic ${token}`,
    `Bearer ${token} ${token}`,
    'Bearer ',
    `Bearer ${token}, Bearer ${token}`,
  ]) {
    t.equal((await get('/me', header)).body.code, 'invalid_token', String(header).slice(0, 12))
  }
})

t.test('the former secret verifies its open challenges and signs no new ones', async (t) => {
  const { world, pending, code } = await createForgery(t)
  const renewed = { ...deriveSecrets('the secret that took its place in these tests'), from: 0 }
  const rotated = await world.startInstance({
    app: { tokens: tokensWith([renewed, secret]) },
  })
  t.equal((await rotated.verify(pending, code)).status, 200)
  await world.passTime(30)
  const fresh = (await rotated.login('alice')).body.pending_token
  t.equal(
    (await world.verify(fresh, world.lastCode())).body.code,
    'invalid_token',
    'unknown to an instance without the new secret',
  )
  t.equal((await rotated.verify(fresh, world.lastCode())).status, 200)
})

t.test('the published keys have no private part', async (t) => {
  const { world } = await createForgery(t)
  const { body } = await world.get('/.well-known/jwks.json')
  t.strictSame(body, {
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: key.publicJwk.x, kid: key.kid, alg: 'EdDSA', use: 'sig' }],
  })
})
