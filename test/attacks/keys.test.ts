import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { generateKeySet, type KeySet } from '../../src/keys/key-set.ts'
import type { Ring } from '../../src/keys/ring.ts'
import { runHere } from '../cli/tool.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'
import { makeRotationFiles, type RotationFiles, startOverSocket } from '../support/rotation.ts'

type Instance = Awaited<ReturnType<typeof startOverSocket>>

const HOUR = 3_600
const now = () => Math.floor(Date.now() / 1000)

/** Sets the start of each key this many seconds into the past. */
const dateKeys = ({ keys: file }: RotationFiles, ...ages: number[]) => {
  const { keys } = JSON.parse(readFileSync(file, 'utf8')) as KeySet
  writeFileSync(file, JSON.stringify({ keys: keys.map((key, at) => ({ ...key, nbf: now() - ages[at]! })) }))
}

const accessToken = async (world: World, instance: Instance): Promise<string> => {
  const { body } = await instance.call('/login', { body: { username: 'alice', password: PASSWORD } })
  const verified = await instance.call('/verify', {
    body: { pending_token: body.pending_token, code: world.lastCode() },
  })
  return verified.body.access_token
}

t.test('accepts a token of a former key until the key is retired', async (t) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const instance = await startOverSocket(world, files)
  const former = await accessToken(world, instance)
  t.equal((await runHere(['keys', 'rotate', '--file', files.keys, '--delay', '0'])).code, 0)
  await instance.learn()
  const fresh = await accessToken(world, instance)
  t.equal((await instance.call('/me', { token: former })).status, 200, 'a former key before retirement')
  t.equal((await instance.call('/me', { token: fresh })).status, 200)

  t.equal((await runHere(['keys', 'retire', '--file', files.keys])).code, 1, 'not retirable yet')
  dateKeys(files, 3 * HOUR, 2 * HOUR)
  t.equal((await runHere(['keys', 'retire', '--file', files.keys])).code, 0)
  await instance.learn()
  t.match(await instance.call('/me', { token: former }), { status: 401, body: { code: 'invalid_token' } })
  t.equal((await instance.call('/me', { token: fresh })).status, 200)
})

t.test('refuses tokens of a leaked key as soon as it is removed', async (t) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const instance = await startOverSocket(world, files)
  const stolen = await accessToken(world, instance)
  await runHere(['keys', 'rotate', '--file', files.keys, '--delay', '0'])
  await runHere(['keys', 'retire', files.firstKey, '--force', '--file', files.keys])
  await instance.learn()
  t.equal((await instance.call('/me', { token: stolen })).status, 401)
  const { body } = await instance.call('/.well-known/jwks.json')
  t.notOk(JSON.stringify(body).includes(files.firstKey))
  t.equal((await instance.call('/me', { token: await accessToken(world, instance) })).status, 200)
})

const header = (kid: unknown) => Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid })).toString('base64url')

t.test('a thousand unknown key ids cost one list lookup each, without I/O', async (t) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const watched = await startOverSocket(world, files)
  const [, payload, signature] = (await accessToken(world, watched)).split('.')
  let asked = 0
  const counting = <S>(ring: Ring<S>): Ring<S> => ({
    current: () => {
      asked += 1
      return ring.current()
    },
  })
  const { app } = await world.startInstance({
    app: {
      tokens: {
        issuer: 'https://auth.example.com',
        audience: 'https://api.example.com',
        clientId: 'test-client',
        accessTtl: 600,
        pendingTtl: 600,
        secrets: watched.secrets,
        keys: counting(watched.keys),
        now: Date.now,
      },
      stores: {
        // The verifier must not reach the database.
        accounts: new Proxy({}, { get: () => () => t.fail('the database was queried') }) as never,
      },
    },
  })
  const { fetch } = globalThis
  globalThis.fetch = () => t.fail('something was fetched') as never
  t.teardown(() => {
    globalThis.fetch = fetch
  })
  asked = 0
  const kids = Array.from({ length: 1_000 }, (_, nth) => (nth % 5 === 0 ? `../../${nth}` : `unknown-${nth}`))
  for (const kid of [...kids, '__proto__', 'constructor', '', null, 7, [files.firstKey], { kid: 1 }]) {
    const token = `${header(kid)}.${payload}.${signature}`
    const { statusCode } = await app.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } })
    if (statusCode !== 401) t.fail(`${JSON.stringify(kid)}: ${statusCode}`)
  }
  t.equal(asked, 1_007, 'one list lookup each')
  t.strictSame(watched.logEvents, [])
})

t.test('the JWKS has no private member, even if the key file has extra ones', async (t) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t)
  const more = [generateKeySet('ES256').keys[0]!, generateKeySet('EdDSA', { nbf: now() + HOUR }).keys[0]!]
  const { keys } = JSON.parse(readFileSync(files.keys, 'utf8')) as KeySet
  writeFileSync(files.keys, JSON.stringify({ keys: [...keys, ...more].map((key) => ({ ...key, p: 'p', k: 'k' })) }))
  const instance = await startOverSocket(world, files)
  const { body } = await instance.call('/.well-known/jwks.json')
  t.equal(body.keys.length, 3, 'active, next and former keys')
  for (const key of body.keys) {
    t.strictSame(
      Object.keys(key).filter((name) => !['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'].includes(name)),
      [],
    )
  }
  for (const { d } of [...keys, ...more]) t.notOk(JSON.stringify(body).includes(d))
})

/** Broken key files, with the expected reason in the warning. */
const BROKEN: [what: string, text: (good: string) => string, says: RegExp][] = [
  ['empty', () => '', /is not JSON/],
  ['cut short', (good) => good.slice(0, -20), /is not JSON/],
  ['without a key', () => '{"keys":[]}', /contains no key/],
  ['with a public key alone', (good) => good.replace(/"d": "[^"]+",/, ''), /key 1 has no private part/],
  ['with a damaged key', (good) => good.replace(/"d": "[^"]{9}/, '"d": "'), /key 1 is damaged/],
  [
    'with a symmetric key',
    () => JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA', kid: 'a', alg: 'HS256' }] }),
    /key 1 has no "alg"/,
  ],
  ['with a key of the other algorithm', () => JSON.stringify(generateKeySet('ES256')), /has no EdDSA key/],
]

t.test('ignores a broken key file while the server runs, with one warning', async (t) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const instance = await startOverSocket(world, files)
  const good = readFileSync(files.keys, 'utf8')
  const token = await accessToken(world, instance)
  const { d } = (JSON.parse(good) as KeySet).keys[0]!
  for (const [what, text, says] of BROKEN) {
    writeFileSync(files.keys, text(good))
    for (let look = 0; look < 3; look += 1) await instance.learn()
    t.equal((await instance.call('/me', { token })).status, 200, what)
    t.match(instance.logEvents.splice(0), [{ event: 'keys_refused', reason: says }], what)
  }
  writeFileSync(files.secret, 'too short')
  for (let look = 0; look < 3; look += 1) await instance.learn()
  t.match(instance.logEvents.splice(0), [
    { event: 'secrets_refused', reason: /^SECRET_FILE .* has fewer than 32 characters$/ },
  ])
  t.equal((await instance.call('/me', { token: await accessToken(world, instance) })).status, 200)
  t.notOk(world.logged.join().includes(d))
})
