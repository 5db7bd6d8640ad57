import { createHmac, createPrivateKey, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readKeySet, type SigningKey } from '../../src/keys/key-set.ts'
import { runHere } from '../cli/tool.ts'
import { noteMissing } from '../run/missing.ts'
import { AUDIENCE, createWorld, ISSUER, PASSWORD } from '../support/app.ts'
import { EXAMPLES, programsOf, startExample, writePrograms } from '../support/page-examples.ts'
import { makeRotationFiles, startOverSocket } from '../support/rotation.ts'

const PAGE = 'docs/verify-tokens.md'
const programs = programsOf(PAGE)

const now = () => Math.floor(Date.now() / 1000)
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())

/** Signs a token with our key, for any claims. */
const signed = (key: SigningKey, claims: object, header: object = {}) => {
  const input = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...header })}.${encode(claims)}`
  return `${input}.${sign(null, Buffer.from(input), createPrivateKey(key.privatePem)).toString('base64url')}`
}

/** Starts our server on a socket, with a logged-in user and a relay for the JWKS that counts requests and can fail. */
const startIssuer = async (t: Test) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const instance = await startOverSocket(world, files)
  const road = { fetched: 0, isCut: false }
  const relay = createServer(async (request, response) => {
    road.fetched += 1
    if (road.isCut) return void request.socket.destroy()
    const answer = await fetch(`${instance.address}/.well-known/jwks.json`)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.teardown(() => {
    relay.closeAllConnections()
    relay.close()
  })
  const logIn = async (): Promise<string> => {
    const login = await instance.call('/login', { body: { username: 'alice', password: PASSWORD } })
    const body = { pending_token: login.body.pending_token, code: world.lastCode() }
    return (await instance.call('/verify', { body })).body.access_token
  }
  const { port } = relay.address() as { port: number }
  const [key] = readKeySet(readFileSync(files.keys, 'utf8'), 'EdDSA')
  const env = { ISSUER, AUDIENCE, JWKS_URL: `http://127.0.0.1:${port}/jwks.json` }
  return { files, instance, logIn, key, road, env }
}

/** Returns tokens that every API must reject. */
const forgeries = (key: SigningKey, good: string, pending: string): [string, string][] => {
  const [head, body, signature] = good.split('.') as [string, string, string]
  const claims = decode(body)
  const hs256 = (secret: string) => {
    const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })}.${body}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
  return [
    ['altered', `${head}.${encode({ ...claims, sub: randomUUID() })}.${signature}`],
    ['unsigned', `${encode({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${body}.`],
    ['no signature', `${head}.${body}.`],
    ['HS256 with the public key', hs256(key.publicPem)],
    ['HS256 with the public JWK', hs256(JSON.stringify(key.publicJwk))],
    ['of another type', signed(key, claims, { typ: 'JWT' })],
    ['of no type', signed(key, claims, { typ: undefined })],
    ['a pending token', pending],
    ['of an unknown key', signed(key, claims, { kid: 'unknown' })],
    ['with an unknown crit', signed(key, claims, { crit: ['x'], x: 1 })],
    ['for another audience', signed(key, { ...claims, aud: 'https://other.example.com' })],
    ['of another issuer', signed(key, { ...claims, iss: 'https://evil.example.com' })],
    ['expired beyond the tolerance', signed(key, { ...claims, exp: now() - 61 })],
    ['not a token', 'a.b.c'],
    ...['iss', 'aud', 'sub', 'client_id', 'iat', 'exp', 'jti', 'sid', 'auth_time', 'acr', 'amr'].map(
      (name): [string, string] => [`without ${name}`, signed(key, without(name))],
    ),
  ]
}

t.test('tests every program on the page', async (t) => {
  t.strictSame([...programs.keys()].sort(), ['verify.mjs', ...EXAMPLES.map(({ file }) => file)].sort())
})

const here = EXAMPLES.filter(({ isHere }) => isHere())

t.test('tests programs in other languages where their runtime is installed', async (t) => {
  for (const { file, isHere } of EXAMPLES) {
    if (isHere()) t.pass(file)
    else noteMissing(t, `the runtime of ${file}`, 'docs/verify-tokens.md names it.', { inCi: true })
  }
})

t.test('tests all programs for Node', async (t) => {
  const tried = here.map(({ file }) => file)
  for (const file of ['fastify.mjs', 'express.mjs', 'hono.mjs']) t.ok(tried.includes(file), file)
})

for (const { file, command, cooldown } of here) {
  t.test(`accepts our tokens and rejects all others in the example ${file}`, async (t) => {
    const { logIn, key, road, env, instance } = await startIssuer(t)
    const ask = await startExample(t, command(join(writePrograms(t, programs), file)), env)
    const good = await logIn()
    t.strictSame(await ask('/orders', good), { status: 200, challenge: null })
    t.strictSame(await ask('/payments', good), { status: 200, challenge: null })
    t.strictSame(await ask('/orders'), { status: 401, challenge: 'Bearer' })

    const login = await instance.call('/login', { body: { username: 'alice', password: PASSWORD } })
    for (const [what, token] of forgeries(key, good, login.body.pending_token)) {
      t.strictSame(await ask('/orders', token), { status: 401, challenge: 'Bearer error="invalid_token"' }, what)
    }
    const claims = decode(good.split('.')[1]!)
    t.equal(
      (await ask('/orders', signed(key, { ...claims, exp: now() - 5 }))).status,
      200,
      'the expiry is within the tolerance',
    )

    const stepUp = 'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age=300'
    for (const change of [{ acr: 'aal1' }, { auth_time: now() - 310 }]) {
      const token = signed(key, { ...claims, ...change })
      t.equal((await ask('/orders', token)).status, 200)
      t.strictSame(await ask('/payments', token), { status: 401, challenge: stepUp })
    }
    for (let nth = 0; nth < 50; nth += 1) await ask('/orders', signed(key, claims, { kid: `unknown-${nth}` }))
    t.ok(road.fetched <= 2, `${road.fetched} fetches in total: unknown keys cause no fetch`)
  })

  t.test(`answers 503 without keys and finds new ones in the example ${file}`, async (t) => {
    const { files, logIn, road, env, instance } = await startIssuer(t)
    const [place, text, always] = cooldown
    t.ok(programs.get(place)!.includes(text))
    const impatient = new Map([...programs, [place, programs.get(place)!.replace(text, always)]])
    const ask = await startExample(t, command(join(writePrograms(t, impatient), file)), env)
    road.isCut = true
    const former = await logIn()
    t.strictSame(await ask('/orders', former), { status: 503, challenge: null })
    road.isCut = false
    t.equal((await ask('/orders', former)).status, 200)
    await runHere(['keys', 'rotate', '--file', files.keys, '--delay', '0'])
    await instance.learn()
    const fresh = await logIn()
    t.not(decode(fresh.split('.')[0]!).kid, files.firstKey)
    t.equal((await ask('/orders', fresh)).status, 200, 'the key was published after the last fetch')
    t.equal((await ask('/orders', former)).status, 200)
  })
}
